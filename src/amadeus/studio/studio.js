// The actions of the page: composing, editing, continuing, and switching between takes.

import { api, follow } from "./api.js";
import { announce, clearNotices, tell } from "./notices.js";
import { Piece, partName } from "./piece.js";
import { carrySelection, clearSelection } from "./selection.js";
import { state } from "./state.js";

const SAME_PROMPT_LIMIT = 100;

export class Studio {
  #children = new Map(); // the undone take, by the take it was made from
  #wishes = 0; // number of requests

  constructor(player, roll) {
    Object.assign(this, { player, roll });
  }

  /** Composes a new piece, and plays it meanwhile. */
  async compose(body) {
    performance.mark("asked");
    if (!(await this.#isNext())) return;
    await this.#stream("compose", body, (job) => {
      this.player.pause();
      const piece = new Piece({ title: body.prompt });
      piece.expectedBars = job.progress.of_bars ?? 0;
      this.#begin(piece);
      this.player.seek(0);
      this.player.play();
    });
  }

  /** Continues the current piece. */
  async continue(bars, body = {}) {
    const piece = state.piece;
    if (!piece?.id) return;
    if (!(await this.#isNext())) return;
    const from = piece.grid.length;
    await this.#stream("continue", { ...body, piece: piece.id, bars }, () => {
      this.#begin(piece.growing(bars));
      this.roll.reveal(from);
    });
  }

  /** Rewrites part of the current piece. */
  async edit(body) {
    if (!state.piece?.id) return;
    if (!(await this.#isNext())) return;
    await this.#run("edit", { ...body, piece: state.piece.id }, () => {});
  }

  /** Repeats the request with another seed. */
  async another() {
    const { about } = state.piece ?? {};
    if (!about?.id || about.kind === "import") return;
    const { seed: _, piece: __, ...settings } = about.settings;
    if (about.kind === "compose") return this.compose(settings);
    if (!(await this.#isNext())) return;
    await this.#run(about.kind, { ...settings, piece: about.parent }, () => {});
  }

  async cancel() {
    if (state.job?.id) await api.cancel(state.job.id);
  }

  /** Cancels the job; false if there has been another request meanwhile. */
  async #isNext() {
    const wish = ++this.#wishes;
    while (state.job) {
      const change = new Promise((resolve) => state.addEventListener("job", resolve, { once: true }));
      await this.cancel();
      await change;
    }
    clearNotices();
    return wish === this.#wishes;
  }

  #begin(piece) {
    state.other = null;
    clearSelection();
    if (!piece.about.root) this.#hearAll();
    state.piece = piece;
    this.player.load(piece);
  }

  #hearAll() {
    state.muted = new Set();
    state.soloed = new Set();
  }

  /** Runs a job and shows its notes as they arrive. */
  async #stream(kind, body, begin) {
    await this.#run(kind, body, begin, (event, data) => {
      const piece = state.piece;
      if (event === "bar") piece.addBar(data);
      else if (event === "note") {
        if (!piece.notes.length) performance.mark("first-note-received");
        const voices = piece.voices.size;
        piece.addNote(data);
        if (piece.voices.size !== voices) state.touch("voices");
      } else return;
      this.roll.grown();
    });
  }

  async #run(kind, body, begin, more = () => {}) {
    const before = state.piece;
    const bars = body.notes ? state.selection.bars : (body.bars ?? null);
    state.job = { kind, id: null, ofBars: null, done: 0, bars, drafts: [], changes: changedBy(kind, body) };
    try {
      const job = await api.submit(kind, body);
      state.job = { ...state.job, id: job.id, ofBars: job.progress.of_bars };
      begin(job);
      announce(kind === "edit" ? "Rewriting." : "Composing.");
      const end = await follow(job.id, (event, data) => {
        more(event, data);
        if (event === "draft") state.job.drafts.push(data);
        if (event === "state") state.job.waiting = data.state === "queued" ? data.position : null;
        const done = event === "bar" ? data.bar : event === "progress" ? data.bars : null;
        if (done !== null) this.#progress(done);
      });
      await this.#end(end, before);
    } catch (error) {
      if (!state.piece?.id) await this.#back(before);
      throw error;
    } finally {
      state.job = null;
    }
  }

  #progress(done) {
    state.job.done = done;
    state.touch("progress");
  }

  async #end(job, before) {
    if (job.state === "failed") throw new Error(job.error.message);
    if (job.state !== "done") {
      tell("Stopped.");
      return this.#back(before);
    }
    const isRelated = before?.id && job.kind !== "compose";
    await this.open(job.piece, { other: isRelated ? before : null });
    announce(`${job.kind === "edit" ? "Changed" : "Composed"}: ${state.piece.grid.length} bars, ${state.piece.notes.length} notes.`);
  }

  async #back(piece) {
    if (state.piece === piece) return;
    if (!piece) this.player.pause();
    this.player.load(piece);
    state.piece = piece;
  }

  /** Shows a piece from the server; `other` is the one to compare it with. */
  async open(id, { other } = {}) {
    const piece = await this.fetch(id);
    const isTake = state.takes.some((take) => take.id === id);
    const before = state.piece?.id && state.piece.id !== id ? state.piece : state.other;
    if (other === undefined) other = isTake ? before : null;
    if (piece.about.root !== state.piece?.about.root && state.piece?.id) this.#leave(isTake);
    this.#show(piece, other);
    await this.#findTakes(piece);
  }

  #show(piece, other) {
    const before = state.piece;
    state.other = other;
    state.piece = piece;
    if (before) carrySelection(before, piece);
    this.player.load(piece);
    history.replaceState(null, "", `#${piece.id}`);
  }

  /** Switches to another piece; between takes of the same prompt, playback continues. */
  #leave(isTake) {
    clearSelection();
    if (isTake) return;
    this.#hearAll();
    this.player.pause();
    this.player.seek(0);
  }

  async fetch(id) {
    const [about, data] = await Promise.all([api.piece(id), api.notes(id)]);
    return Piece.of(about, data);
  }

  /** All takes made from the same first take, and others of the same prompt. */
  async #findTakes(piece) {
    const { id, root, title, settings } = piece.about;
    const [line, alike] = await Promise.all([
      api.takes(id),
      settings.prompt ? api.pieces({ search: title, limit: SAME_PROMPT_LIMIT }) : { pieces: [] },
    ]);
    const siblings = alike.pieces.filter((p) => p.kind === "compose" && p.root !== root && p.settings.prompt === settings.prompt);
    if (state.piece?.id !== id) return;
    state.takes = [...line, ...siblings].sort((a, b) => a.created.localeCompare(b.created));
  }

  get canUndo() {
    return Boolean(state.piece?.about.parent) && !state.job;
  }

  get redoTarget() {
    const id = state.piece?.id;
    if (!id || state.job) return null;
    return this.#children.get(id) ?? state.takes.findLast((take) => take.parent === id)?.id ?? null;
  }

  async undo() {
    if (!this.canUndo) return;
    const { id, parent } = state.piece.about;
    this.#children.set(parent, id);
    await this.open(parent);
    announce("Undone.");
  }

  async redo() {
    const target = this.redoTarget;
    if (!target) return;
    await this.open(target);
    announce("Redone.");
  }

  /** Swaps A and B; playback continues. */
  swap() {
    if (!state.other || state.job) return;
    const { piece, other } = state;
    this.#show(other, piece);
    announce(`Now playing take ${1 + state.takes.findIndex((take) => take.id === other.id)}.`);
  }

  /** Shows an empty page. */
  close() {
    this.player.pause();
    this.player.load(null);
    clearSelection();
    Object.assign(state, { piece: null, other: null, takes: [] });
    history.replaceState(null, "", location.pathname);
  }

  async upload(file) {
    clearNotices();
    document.activeElement?.blur(); // so that Space plays
    const suffix = /\.(midi?|kar|rmi|musicxml|mxl|xml|mei|krn|abc)$/i;
    if (!suffix.test(file.name)) {
      throw new Error(`“${file.name}” is not a MIDI file; choose a file that ends in .mid, .midi, .kar or .rmi, or a MusicXML, MEI, kern or ABC file.`);
    }
    const piece = await api.upload(await file.arrayBuffer(), file.name.replace(suffix, "").slice(0, 200));
    await this.open(piece.id);
    announce(`Opened ${piece.title}.`);
  }
}

/** Returns a function that tells whether a job may change a note of the current piece. */
function changedBy(kind, { bars, parts = [], add = [], notes = [] }) {
  if (kind !== "edit" || (add.length && !parts.length)) return () => false;
  const { notes: selected } = state.selection;
  if (notes.length) return (note) => selected.has(note);
  const [first, last] = bars ?? [1, null];
  return (note) => note.bar >= first && note.bar <= (last ?? Infinity) && (!parts.length || parts.includes(partName(note.voice)));
}
