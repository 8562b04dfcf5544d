// Plays a piece on the synthesiser: a little ahead of time, and no further than it is composed.

import { firstFrom } from "./piece.js";
import { isHeard } from "./state.js";

const AHEAD = 0.12; // seconds that notes are handed over before they sound
const AHEAD_HIDDEN = 1.6; // timers of hidden pages run once a second
const TICK = 25; // milliseconds
const RESERVE = 0.2; // seconds of music that must be there before a player who waited goes on
const TAIL = 0.6;

export class Player extends EventTarget {
  #piece = null;
  #playing = false;
  #waiting = false; // for notes that are still to be composed
  #anchor = { context: 0, music: 0 }; // when the clock of the sound stands at one, the music at the other
  #cursor = 0; // seconds of music up to which notes have been handed over
  #offset = 0; // seconds by which repetitions have moved the music
  #loop = null; // [from, to] in seconds
  #ends = []; // notes handed over whose end is not: {voice, pitch, from, at}
  #quietUntil = 0; // when the last of what was handed over before a jump has been silenced

  constructor(synth) {
    super();
    this.synth = synth;
    setInterval(() => this.#tick(), TICK);
  }

  get isPlaying() {
    return this.#playing;
  }

  get isWaiting() {
    return this.#playing && this.#waiting;
  }

  /** Seconds from the beginning of the piece. */
  get position() {
    return this.#fold(this.#raw);
  }

  get #raw() {
    if (!this.#playing || this.#waiting) return this.#anchor.music;
    return this.#anchor.music + Math.max(0, this.synth.now - this.#anchor.context);
  }

  #fold(raw) {
    if (!this.#loop || raw < this.#loop[1]) return raw;
    const [from, to] = this.#loop;
    return from + ((raw - from) % (to - from));
  }

  /** Takes another piece; the music goes on at the same bar and beat, without a break. */
  load(piece) {
    const before = this.#piece;
    this.#piece = piece;
    if (!piece) return this.pause();
    this.synth.cast(piece.voices.values());
    const moved = (seconds) => (before ? piece.secondsAt(before.quarterAt(seconds)) : 0);
    const [at, handedOver] = [moved(this.position), moved(this.#cursor)];
    this.#anchor = { context: Math.max(this.synth.now, this.#anchor.context), music: at };
    this.#cursor = Math.max(at, handedOver);
    this.#offset = 0;
    this.#setPedals();
  }

  async play() {
    if (!this.#piece || this.#playing) return;
    this.#playing = true;
    this.#changed();
    await Promise.all([this.synth.ready, this.synth.resume()]);
    this.synth.cast(this.#piece.voices.values());
    if (this.#piece.isComplete && this.#anchor.music >= this.#piece.seconds - 0.05) this.#anchor.music = 0;
    this.#waiting = !this.#piece.isComplete;
    this.#place(this.#anchor.music);
    this.#tick();
  }

  pause() {
    if (this.#playing) this.#anchor.music = this.position;
    this.#quiet();
    this.#playing = false;
    this.#changed();
  }

  toggle() {
    return this.#playing ? this.pause() : this.play();
  }

  /** Goes to a time in seconds. */
  seek(seconds) {
    this.#quiet();
    this.#place(Math.max(0, seconds));
    if (this.#piece && !this.#piece.isComplete) this.#waiting = true;
    this.#changed();
  }

  /** Repeats a stretch, [from, to] in seconds; null plays on. */
  set loop(range) {
    if (String(range) === String(this.#loop)) return;
    const at = this.position;
    this.#loop = range;
    this.seek(range && (at < range[0] || at >= range[1]) ? range[0] : at);
  }

  #place(music) {
    this.#anchor = { context: Math.max(this.synth.now + 0.02, this.#quietUntil), music };
    this.#cursor = music;
    this.#offset = 0;
    this.#setPedals();
  }

  /** When a moment of the music is, on the clock of the sound. */
  #timeOf(music) {
    return this.#anchor.context + music + this.#offset - this.#anchor.music;
  }

  /** Every pedal as it is where the music goes on. */
  #setPedals() {
    const { voices, pedals } = this.#piece ?? { voices: new Map(), pedals: [] };
    const last = new Map(pedals.filter((pedal) => pedal.onset_seconds < this.#cursor).map((pedal) => [pedal.voice, pedal.value]));
    for (const voice of voices.values()) this.synth.pedal(voice, last.get(voice) ?? 0, this.#timeOf(this.#cursor));
  }

  #quiet() {
    const sounding = this.#ends;
    this.#ends = [];
    this.synth.lift();
    this.synth.silence();
    if (!this.#playing && this.synth.now > this.#quietUntil + AHEAD) return;
    // Notes that were handed over may still begin. They are ended on the clock of the sound, since a
    // timer may fire before it has come that far.
    const last = Math.max(this.synth.now + AHEAD, ...sounding.map(({ from }) => from));
    this.#quietUntil = last + 0.06;
    this.synth.lift(this.#quietUntil - 0.02);
    for (const { voice, pitch } of sounding) this.synth.noteOff(voice, pitch, this.#quietUntil - 0.02);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  #tick() {
    if (!this.#playing || !this.synth.isReady || !this.#piece) return;
    if (this.#waiting && !this.#goOn()) return;
    const reach = document.hidden ? AHEAD_HIDDEN : AHEAD;
    const horizon = this.#raw + reach;
    while (this.#cursor + this.#offset < horizon) if (!this.#handOver(horizon)) break;
    this.#endNotes(this.synth.now + reach);
    if (this.#piece.isComplete && !this.#loop && this.position > this.#piece.seconds + TAIL) this.#finish();
    else if (this.#raw - this.#offset >= this.#piece.frontier) this.#wait();
  }

  /** Hands over the notes up to the horizon, or to where the loop ends; false if none are known yet. */
  #handOver(horizon) {
    const stop = Math.min(horizon - this.#offset, this.#loop ? this.#loop[1] : Infinity, this.#piece.frontier);
    const { notes, pedals } = this.#piece;
    for (let n = firstFrom(pedals, "onset_seconds", this.#cursor); n < pedals.length && pedals[n].onset_seconds < stop; n++) {
      this.synth.pedal(pedals[n].voice, pedals[n].value, this.#timeOf(pedals[n].onset_seconds));
    }
    for (let n = firstFrom(notes, "onset_seconds", this.#cursor); n < notes.length && notes[n].onset_seconds < stop; n++) {
      if (isHeard(notes[n].voice.key)) this.#begin(notes[n]);
    }
    if (stop <= this.#cursor) return false;
    this.#cursor = stop;
    if (this.#loop && this.#cursor >= this.#loop[1]) {
      this.#cursor = this.#loop[0];
      this.#offset += this.#loop[1] - this.#loop[0];
      this.#setPedals();
    }
    return true;
  }

  #begin(note) {
    const at = this.#timeOf(note.onset_seconds);
    const length = Math.max(0.03, note.duration_seconds);
    const again = this.#ends.find((end) => end.voice.key === note.voice.key && end.pitch === note.pitch);
    if (again && again.at > at) again.at = at - 0.005;
    this.#endNotes(at);
    this.synth.noteOn(note.voice, note.pitch, note.velocity, at);
    this.#ends.push({ voice: note.voice, pitch: note.pitch, from: at, at: at + length });
  }

  #endNotes(until) {
    this.#ends = this.#ends.filter(({ voice, pitch, at }) => {
      if (at > until) return true;
      this.synth.noteOff(voice, pitch, at);
      return false;
    });
  }

  #wait() {
    this.#anchor.music = this.#piece.frontier;
    this.#waiting = true;
    this.#changed();
  }

  /** Whether there is enough to go on with. */
  #goOn() {
    if (this.#piece.frontier < this.#anchor.music + RESERVE) return false;
    this.#waiting = false;
    this.#place(this.#anchor.music);
    this.#changed();
    return true;
  }

  #finish() {
    this.#playing = false;
    this.#place(0);
    this.#changed();
  }
}
