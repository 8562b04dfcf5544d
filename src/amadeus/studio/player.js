// Plays a piece on the synthesiser: schedules notes slightly ahead, as far as the piece is composed.

import { firstFrom } from "./piece.js";
import { isHeard } from "./state.js";

const AHEAD = 0.12; // seconds by which notes are scheduled ahead
const AHEAD_HIDDEN = 1.6; // timers of hidden pages fire once a second
const TICK = 25; // milliseconds
const RESERVE = 0.2; // seconds of music that must be composed before playback resumes
const TAIL = 0.6;

export class Player extends EventTarget {
  #piece = null;
  #playing = false;
  #waiting = false; // for notes that are not composed yet
  #anchor = { context: 0, music: 0 }; // corresponding times of the audio clock and the music
  #cursor = 0; // seconds of music up to which notes have been scheduled
  #offset = 0; // seconds added by repetitions
  #loop = null; // [from, to] in seconds
  #ends = []; // notes whose start is scheduled and whose end is not: {voice, pitch, from, at}
  #quietUntil = 0; // when all notes scheduled before a jump are silent

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

  /** Switches to another piece at the same bar and beat, without a break. */
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

  /** Jumps to a time in seconds. */
  seek(seconds) {
    this.#quiet();
    this.#place(Math.max(0, seconds));
    if (this.#piece && !this.#piece.isComplete) this.#waiting = true;
    this.#changed();
  }

  /** Loops from one time to another, [from, to] in seconds; null ends the loop. */
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

  /** The time on the audio clock of a time in the music. */
  #timeOf(music) {
    return this.#anchor.context + music + this.#offset - this.#anchor.music;
  }

  /** Sets every pedal to its value at the new position. */
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
    // Scheduled notes may still start. They are ended on the audio clock, because a timer may fire
    // before they do.
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

  /** Schedules the notes up to the horizon or the end of the loop; false if none are known yet. */
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

  /** Whether enough is composed to continue. */
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
