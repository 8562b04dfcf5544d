// A piece as it is drawn and played. More notes may be added.

import { nextHue } from "./colours.js";

const QUARTERS = 4;

/** The voice of a note; each instrument is a voice. */
export const voiceKey = (note) => (note.is_drum ? "drums" : String(note.program));

const DRUMS = 128; // as a program

/** The server's unique name of a voice; a common name may mean several. */
export const partName = ({ isDrum, program }) => `program ${isDrum ? DRUMS : program}`;

export class Piece {
  #grid = null; // created on first use

  /** `about` is the server's description: id, title, settings and so on. */
  constructor(about = {}) {
    this.about = about;
    this.notes = [];
    this.bars = [];
    this.tempos = [];
    this.chords = [];
    this.pedals = []; // sustain pedal changes: {onset, onset_seconds, value, voice}
    this.voices = new Map();
    this.isComplete = false;
    this.expectedBars = 0;
    this.longest = 0; // longest note in quarters: how far back a sounding note may begin
  }

  /** A complete piece from the server. */
  static of(about, data) {
    const piece = new Piece(about);
    data.notes.forEach((note) => piece.#take(note));
    Object.assign(piece, { bars: data.bars, tempos: data.tempos, chords: data.chords, isComplete: true });
    piece.#takePedals(data.pedals ?? []); // a browser may have cached a response without pedals
    return piece;
  }

  /** A copy of the music, to which notes can be added. */
  growing(bars) {
    const piece = new Piece({ ...this.about, id: null });
    this.notes.forEach((note) => piece.#take(note));
    Object.assign(piece, { bars: [...this.bars], tempos: [...this.tempos], chords: [...this.chords] });
    piece.#takePedals(this.pedals);
    piece.expectedBars = this.bars.length + bars;
    return piece;
  }

  get id() {
    return this.about.id ?? null;
  }

  addBar(bar) {
    if (this.bars.at(-1)?.onset >= bar.onset) return;
    this.bars.push(bar);
    this.#addTempo(bar);
  }

  addNote(note) {
    this.#addTempo(note);
    if (note.chord && note.chord !== this.chords.at(-1)?.chord) this.chords.push(note);
    this.#take(note);
  }

  #take(note) {
    const key = voiceKey(note);
    note.voice = this.voices.get(key) ?? this.#newVoice(key, note);
    note.voice.count += 1;
    this.longest = Math.max(this.longest, note.duration);
    this.notes.push(note);
  }

  #takePedals(pedals) {
    const heard = pedals.filter((pedal) => this.voices.has(voiceKey(pedal)));
    this.pedals = heard.map((pedal) => ({ ...pedal, voice: this.voices.get(voiceKey(pedal)) }));
    this.pedals.sort((a, b) => a.onset_seconds - b.onset_seconds);
  }

  #newVoice(key, note) {
    const voice = { key, count: 0, name: note.instrument, program: note.program, isDrum: note.is_drum, hue: this.hueOf(note) };
    this.voices.set(key, voice);
    return voice;
  }

  /** The hue of a voice; for a new voice, the one that it would get. */
  hueOf(note) {
    const known = this.voices.get(voiceKey(note));
    const taken = [...this.voices.values()].map((voice) => voice.hue).filter((hue) => hue !== null);
    return known ? known.hue : nextHue(note.program, note.is_drum, taken);
  }

  #addTempo({ onset, onset_seconds, tempo }) {
    const last = this.tempos.at(-1);
    if (!last || (tempo !== last.bpm && onset > last.onset)) this.tempos.push({ onset, onset_seconds, bpm: tempo });
  }

  /** Seconds up to which every note is known. */
  get frontier() {
    return this.isComplete ? Infinity : (this.notes.at(-1)?.onset_seconds ?? 0);
  }

  /** Length in quarter notes, including bars that are not composed yet. */
  get quarters() {
    const last = this.bars.at(-1);
    if (!last) return this.expectedBars * QUARTERS || 64;
    const missing = Math.max(0, this.expectedBars - this.bars.length);
    return last.onset + barLength(last) * (1 + missing);
  }

  get seconds() {
    return this.secondsAt(this.quarters);
  }

  secondsAt(quarter) {
    const tempo = lastAt(this.tempos, "onset", quarter);
    return tempo ? tempo.onset_seconds + ((quarter - tempo.onset) * 60) / tempo.bpm : quarter / 2;
  }

  quarterAt(second) {
    const tempo = lastAt(this.tempos, "onset_seconds", second);
    return tempo ? tempo.onset + ((second - tempo.onset_seconds) * tempo.bpm) / 60 : second * 2;
  }

  /** All bars, including those not composed yet: {bar, onset, end, metre}. */
  get grid() {
    const key = `${this.bars.length} of ${this.expectedBars}`;
    if (this.#grid?.key !== key) this.#grid = { key, bars: this.#makeGrid() };
    return this.#grid.bars;
  }

  #makeGrid() {
    const bars = this.bars.map((bar, n) => ({
      bar: n + 1, onset: bar.onset, metre: bar.metre,
      end: this.bars[n + 1]?.onset ?? bar.onset + barLength(bar),
    }));
    const model = bars.at(-1) ?? { onset: -QUARTERS, end: 0, metre: "4/4" };
    const length = model.end - model.onset;
    const wanted = Math.max(this.expectedBars, bars.length) || 16;
    while (bars.length < wanted) {
      const onset = bars.at(-1)?.end ?? 0;
      bars.push({ bar: bars.length + 1, onset, end: onset + length, metre: model.metre });
    }
    return bars;
  }

  /** The number of the bar at a time in quarters. */
  barAt(quarter) {
    const grid = this.grid;
    const found = grid.findLast((bar) => bar.onset <= quarter + 1e-6);
    return found?.bar ?? 1;
  }

  /** Lowest and highest pitch. */
  get range() {
    let low = 127;
    let high = 0;
    for (const { pitch } of this.notes) {
      if (pitch < low) low = pitch;
      if (pitch > high) high = pitch;
    }
    return this.notes.length ? [low, high] : [48, 84];
  }
}

/** The length of a bar in quarters. */
function barLength(bar) {
  if (bar.quarters) return bar.quarters;
  const [above, below] = bar.metre.split("/").map(Number);
  return (above * 4) / below;
}

/** The last element at or before a time, or the first element. */
function lastAt(list, name, time) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle][name] <= time + 1e-9) low = middle + 1;
    else high = middle;
  }
  return list[Math.max(0, low - 1)];
}

/** Index of the first note that begins at or after a time. */
export function firstFrom(notes, name, time) {
  let low = 0;
  let high = notes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (notes[middle][name] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A key that is equal for notes that sound the same. */
export const noteIdentity = (note) =>
  [voiceKey(note), note.onset.toFixed(3), note.pitch, note.duration.toFixed(3), note.velocity].join();
