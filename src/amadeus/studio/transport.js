// The transport: playback, position, level meter, undo and redo.

import { $, h } from "./dom.js";
import { setIcon } from "./icons.js";
import { attempt } from "./notices.js";
import { state } from "./state.js";

const CELLS = 14; // of the level meter
const FLOOR = -42; // decibels of its first cell

export class Transport {
  #cells = [];
  #heard = false;

  constructor(studio, player, synth) {
    Object.assign(this, { studio, player, synth });
    const on = (id, f) => $(id).addEventListener("click", () => attempt(f));
    on("#play", () => player.toggle());
    on("#to-start", () => player.seek(0));
    on("#loop", () => (state.looping = !state.looping));
    on("#undo", () => studio.undo());
    on("#redo", () => studio.redo());
    $("#volume").addEventListener("input", (event) => (synth.volume = event.target.value / 100));
    $("#level").append(...(this.#cells = Array.from({ length: CELLS }, () => h("i"))));
    player.addEventListener("change", () => this.#show());
    state.watch(["piece", "takes", "job"], () => this.#show());
    state.watch(["progress", "job", "piece"], () => this.#showJob());
    state.watch(["looping", "selection", "piece"], () => this.#loop());
    this.#frame();
  }

  #show() {
    const { isPlaying } = this.player;
    const hasMusic = Boolean(state.piece);
    $("#play").disabled = $("#to-start").disabled = $("#loop").disabled = !hasMusic;
    $("#play").setAttribute("aria-label", isPlaying ? "Pause" : "Play");
    setIcon($("#play"), isPlaying ? "pause" : "play");
    $("#undo").disabled = !this.studio.canUndo;
    $("#redo").disabled = !this.studio.redoTarget;
    $("#facts").textContent = facts(state.piece);
    if (isPlaying) this.#heard = false;
  }

  #showJob() {
    const { job } = state;
    $("#progress").hidden = !job;
    if (!job) return;
    const share = job.ofBars ? Math.min(1, job.done / job.ofBars) : 0;
    $("#progress-text").textContent = progressText(job);
    $("#progress-bar").style.setProperty("--share", share);
  }

  #loop() {
    const { piece, selection, looping } = state;
    $("#loop").setAttribute("aria-pressed", looping);
    if (!piece) return;
    const [first, last] = selection.bars ?? [1, piece.grid.length];
    const [from, to] = [piece.grid[first - 1], piece.grid[last - 1]];
    this.player.loop = looping && from && to && piece.isComplete ? [piece.secondsAt(from.onset), piece.secondsAt(to.end)] : null;
  }

  #frame() {
    requestAnimationFrame(() => this.#frame());
    const { piece } = state;
    const at = piece ? this.player.position : 0;
    const quarter = piece?.quarterAt(Math.min(at, piece.seconds - 0.01)) ?? 0;
    const bar = piece?.grid.findLast((one) => one.onset <= quarter + 1e-6);
    const beat = bar ? 1 + Math.floor(((quarter - bar.onset) * Number(bar.metre.split("/")[1])) / 4 + 1e-6) : 1;
    write($("#place"), `${bar?.bar ?? 1}.${beat}`);
    write($("#clock"), `${clock(at)} / ${clock(piece?.seconds ?? 0)}`);
    this.#meter();
  }

  #meter() {
    const peak = this.player.isPlaying || this.#cells[0].className ? this.synth.peak : 0;
    if (this.player.isPlaying && !this.#heard && this.synth.isAudible) {
      this.#heard = true;
      performance.mark("first-sound");
    }
    const lit = Math.ceil((CELLS * (20 * Math.log10(peak + 1e-6) - FLOOR)) / -FLOOR);
    this.#cells.forEach((cell, n) => (cell.className = n < lit ? "lit" : ""));
  }
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function facts(piece) {
  const { about } = piece ?? {};
  if (!about?.id) return "";
  return [about.key, about.metre, `${Math.round(about.tempo)} BPM`, `${about.bars} bars`].filter(Boolean).join("  ·  ");
}

function progressText(job) {
  if (!job.id) return "Submitting…";
  if (job.waiting) return `Waiting behind ${job.waiting} ${job.waiting === 1 ? "job" : "jobs"}`;
  if (job.kind === "edit") return `Rewriting… ${job.ofBars ? Math.round((100 * job.done) / job.ofBars) : 0} %`;
  return `Composing bar ${Math.max(1, job.done)}${job.ofBars ? ` of ${job.ofBars}` : ""}`;
}
