// The piano roll: paints its two canvases, follows the music, and handles pointer and keys.

import { $, reducedMotion } from "./dom.js";
import { Geometry, clamp } from "./roll-geometry.js";
import { noteBox, paintMoving, paintStill, readPalette } from "./roll-paint.js";
import { clearSelection, describeSelection, selectBars, selectNotes } from "./selection.js";
import { isHeard, state } from "./state.js";

const NARROW = 640;
const SLIP = 4; // pixels that the pointer may move during a click

export class Roll {
  geometry = new Geometry();
  #palette = readPalette();
  #isStale = true;
  #drag = null; // {kind, x, y, ...} while a pointer is down
  #shown = null; // the piece that the view was fitted to
  #marked = false; // whether the first note has been painted
  #fitted = true; // until the user zooms or scrolls

  constructor(player) {
    this.player = player;
    this.element = $("#roll");
    [this.still, this.moving] = ["#roll-still", "#roll-moving"].map((id) => $(id));
    new ResizeObserver(() => this.#resize()).observe(this.element);
    state.watch(["piece"], () => this.#show());
    state.watch(["other", "muted", "soloed", "selection", "job"], () => this.stale());
    state.watch(["theme"], () => this.repaint());
    state.watch(["piece", "selection"], () => this.#describe());
    document.fonts.ready.then(() => this.stale());
    this.#listen();
    requestAnimationFrame((time) => this.#frame(time));
  }

  stale() {
    this.#isStale = true;
  }

  repaint() {
    this.#palette = readPalette();
    this.stale();
  }

  /** Called when notes or bars have been added to the piece. */
  grown() {
    this.geometry.showPitches(state.piece.range);
    if (this.#fitted) this.#fit();
    this.stale();
  }

  zoom(factor, x = this.geometry.x(this.#quarter)) {
    this.#fitted = false;
    this.geometry.zoom(factor, x, this.#quarters);
    this.stale();
  }

  /** Shows the whole piece. */
  fit() {
    this.geometry.fit(this.#quarters, 3);
    this.stale();
  }

  /** Shows as much of the piece as is readable, keeping the left edge. */
  #fit() {
    const { scroll } = this.geometry;
    this.geometry.fit(this.#quarters);
    this.geometry.scrollTo(scroll, this.#quarters);
  }

  #scrollTo(quarter) {
    this.geometry.scrollTo(quarter, this.#quarters);
    this.stale();
  }

  /** Shows a range of bars. */
  reveal(bar) {
    const at = state.piece?.grid[bar - 1];
    if (!at) return;
    const g = this.geometry;
    if (at.onset < g.scroll || at.end > g.scroll + g.span) this.#scrollTo(at.onset - g.span / 3);
  }

  get #quarters() {
    return state.piece?.quarters ?? 64;
  }

  get #quarter() {
    return state.piece?.quarterAt(this.player.position) ?? 0;
  }

  #show() {
    const { piece } = state;
    // The view stays the same for a new take, or one that was just composed.
    const isSame = piece && this.#shown && (this.#shown.id === null || piece.about.root === this.#shown.about.root);
    if (piece?.notes.length) this.geometry.showPitches(piece.range);
    if (!isSame) {
      this.#fitted = true;
      this.geometry.scroll = 0;
    }
    if (this.#fitted) this.#fit();
    else this.#scrollTo(this.geometry.scroll);
    this.#shown = piece;
    this.#marked = Boolean(piece?.notes.length);
    this.stale();
  }

  #describe() {
    const { piece } = state;
    const who = [...(piece?.voices.values() ?? [])].map((voice) => voice.name).join(", ");
    const chosen = state.selection.bars ? ` Selected: ${describeSelection()}.` : "";
    this.element.setAttribute("aria-label", piece ? `Piano roll: ${piece.grid.length} bars, ${who || "no notes yet"}.${chosen}` : "Piano roll, empty");
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.element;
    const density = window.devicePixelRatio || 1;
    for (const canvas of [this.still, this.moving]) {
      canvas.width = width * density;
      canvas.height = height * density;
      canvas.getContext("2d").setTransform(density, 0, 0, density, 0, 0);
    }
    Object.assign(this.geometry, { width, height, gutter: width < NARROW ? 28 : 40 });
    if (state.piece?.notes.length) this.geometry.showPitches(state.piece.range);
    if (this.#fitted) this.#fit();
    this.#scrollTo(this.geometry.scroll);
  }

  #frame(time) {
    requestAnimationFrame((next) => this.#frame(next));
    if (!this.geometry.width) return;
    if (this.player.isPlaying) this.#followPlayhead();
    if (this.#isStale) {
      this.#isStale = false;
      paintStill(this.still.getContext("2d"), this.geometry, state.piece, this.#palette);
      this.#markFirst();
    }
    paintMoving(this.moving.getContext("2d"), this.geometry, state.piece, this.#palette, {
      quarter: this.#quarter,
      isPlaying: this.player.isPlaying,
      marquee: this.#drag?.box,
      pulse: reducedMotion() ? 0.5 : 0.5 + 0.5 * Math.sin(time / 300),
    });
  }

  #markFirst() {
    if (this.#marked || !state.piece?.notes.length) return;
    this.#marked = true;
    performance.mark("first-note-drawn");
  }

  #followPlayhead() {
    const g = this.geometry;
    const place = (this.#quarter - g.scroll) / g.span;
    if (this.#drag || (place >= 0 && place < 0.85)) return;
    const before = g.scroll;
    this.geometry.scrollTo(this.#quarter - g.span * 0.12, this.#quarters);
    if (g.scroll !== before) this.stale();
  }

  #listen() {
    const on = (name, f, options) => this.element.addEventListener(name, f, options);
    on("pointerdown", (event) => this.#press(event));
    on("pointermove", (event) => this.#move(event));
    on("pointerup", (event) => this.#release(event));
    on("pointercancel", () => (this.#drag = null));
    on("dblclick", (event) => state.piece && selectBars(...Array(2).fill(this.#barAt(this.#point(event)[0]))));
    on("wheel", (event) => this.#wheel(event), { passive: false });
  }

  #point(event) {
    const box = this.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #barAt(x) {
    return state.piece.barAt(clamp(this.geometry.quarterAt(x), 0, this.#quarters - 0.01));
  }

  #press(event) {
    if (event.button || !state.piece) return;
    this.element.setPointerCapture(event.pointerId);
    const [x, y] = this.#point(event);
    const kind = y < this.geometry.top ? "bars" : event.pointerType === "touch" ? "pan" : "notes";
    this.#drag = { kind, x, y, scroll: this.geometry.scroll, more: event.shiftKey, moved: false };
  }

  #move(event) {
    const drag = this.#drag;
    if (!drag) return;
    const [x, y] = this.#point(event);
    drag.moved ||= Math.hypot(x - drag.x, y - drag.y) > SLIP;
    if (!drag.moved) return;
    if (drag.kind === "bars") selectBars(this.#barAt(drag.x), this.#barAt(x));
    else if (drag.kind === "pan") {
      this.#scrollTo(drag.scroll - (x - drag.x) / this.geometry.scale);
    } else drag.box = [Math.min(x, drag.x), Math.min(y, drag.y), Math.abs(x - drag.x), Math.abs(y - drag.y)];
  }

  #release(event) {
    const drag = this.#drag;
    this.#drag = null;
    if (!drag) return;
    if (drag.box) selectNotes(new Set([...(drag.more ? state.selection.notes : []), ...this.#within(drag.box)]));
    if (drag.moved) return;
    if (drag.kind !== "bars") this.#click(drag);
    else if (event.shiftKey && state.selection.bars) selectBars(state.selection.bars[0], this.#barAt(drag.x));
    else this.player.seek(state.piece.secondsAt(Math.max(0, this.geometry.quarterAt(drag.x))));
  }

  #click({ x, y, more }) {
    const [note] = this.#within([x - 1, y - 1, 2, 2]).slice(-1);
    if (!note) return more || clearSelection();
    const notes = new Set(more ? state.selection.notes : []);
    if (!notes.delete(note)) notes.add(note);
    selectNotes(notes);
  }

  /** Audible notes that overlap a box: x, y, width, height. */
  #within([x, y, width, height]) {
    return state.piece.notes.filter((note) => {
      const [left, top, across, down] = noteBox(this.geometry, note);
      return isHeard(note.voice.key) && left < x + width && left + across > x && top < y + height && top + down > y;
    });
  }

  #wheel(event) {
    if (!state.piece) return;
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) return this.zoom(Math.exp(-event.deltaY / 300), this.#point(event)[0]);
    const delta = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.deltaY;
    this.#scrollTo(this.geometry.scroll + delta / this.geometry.scale);
  }
}
