// The synthesiser: SpessaSynth in an AudioWorklet, with the server's SoundFont.

import { WorkletSynthesizer } from "./vendor/spessasynth/synthesizer.min.js";
import { api } from "./api.js";

const DRUM_CHANNEL = 9;
const CHANNELS = 16;
const SUSTAIN = 64; // control changes
const NOTES_OFF = 123;
const PROCESSOR = new URL("./vendor/spessasynth/processor.min.js", import.meta.url);
const AUDIBLE = 1e-3;

export class Synth {
  #synth = null;
  #channels = new Map(); // channels by voice key
  #pedals = new Map(); // pedal positions by channel
  #samples = null;

  constructor() {
    this.context = new AudioContext({ latencyHint: "interactive" });
    this.master = new GainNode(this.context, { gain: 0.9 });
    this.analyser = new AnalyserNode(this.context, { fftSize: 1024 });
    this.master.connect(this.analyser).connect(this.context.destination);
    this.#samples = new Float32Array(this.analyser.fftSize);
    /** Resolves when notes can be played. */
    this.ready = this.#load();
  }

  async #load() {
    const [bank] = await Promise.all([api.soundfont(), this.context.audioWorklet.addModule(PROCESSOR)]);
    const synth = new WorkletSynthesizer(this.context, { eventsEnabled: false });
    synth.connect(this.master);
    await synth.soundBankManager.addSoundBank(bank, "general-midi");
    this.#synth = synth;
    for (const [key, channel] of this.#channels) if (channel !== DRUM_CHANNEL) synth.programChange(channel, Number(key));
  }

  get isReady() {
    return this.#synth !== null;
  }

  get now() {
    return this.context.currentTime;
  }

  /** Starts the audio, which browsers allow only after a key or a click. */
  resume() {
    return this.context.state === "running" ? Promise.resolve() : this.context.resume();
  }

  set volume(value) {
    this.master.gain.setTargetAtTime(value ** 2, this.now, 0.01);
  }

  /** Gives every voice of a piece a channel; existing voices keep theirs. */
  cast(voices) {
    const wanted = new Set([...voices].map((voice) => voice.key));
    for (const key of this.#channels.keys()) if (!wanted.has(key)) this.#channels.delete(key);
    for (const voice of voices) this.channelOf(voice);
  }

  channelOf(voice) {
    const known = this.#channels.get(voice.key);
    if (known !== undefined) return known;
    const channel = voice.isDrum ? DRUM_CHANNEL : this.#freeChannel();
    this.#channels.set(voice.key, channel);
    this.#synth?.programChange(channel, voice.program);
    this.#setPedal(channel, 0);
    return channel;
  }

  #freeChannel() {
    const taken = new Set(this.#channels.values());
    for (let channel = 0; ; channel++) {
      if (channel === DRUM_CHANNEL || taken.has(channel)) continue;
      if (channel >= CHANNELS && channel >= (this.#synth?.channelCount ?? Infinity)) this.#synth.addNewChannel();
      return channel;
    }
  }

  noteOn(voice, pitch, velocity, time) {
    this.#synth.noteOn(this.channelOf(voice), pitch, velocity, { time });
  }

  noteOff(voice, pitch, time) {
    this.#synth.noteOff(this.channelOf(voice), pitch, { time });
  }

  /** Sets the sustain pedal of a voice, 0 to 127; from 64 on, it holds notes. */
  pedal(voice, value, time) {
    const channel = this.channelOf(voice);
    if (value !== (this.#pedals.get(channel) ?? 0)) this.#setPedal(channel, value, time);
  }

  /** Releases all pedals, now or at a given time. */
  lift(time) {
    for (const channel of this.#channels.values()) this.#setPedal(channel, 0, time);
  }

  #setPedal(channel, value, time = 0) {
    this.#pedals.set(channel, value);
    this.#synth?.controllerChange(channel, SUSTAIN, value, { time });
  }

  /** Ends all notes that are not held by a pedal. */
  silence() {
    this.#synth?.stopAll(false);
  }

  silenceVoice(voice) {
    const channel = this.channelOf(voice);
    const held = this.#pedals.get(channel) ?? 0;
    this.#setPedal(channel, 0);
    this.#synth?.controllerChange(channel, NOTES_OFF, 0);
    this.#setPedal(channel, held);
  }

  /** The recent peak amplitude; above 1 is clipped. */
  get peak() {
    this.analyser.getFloatTimeDomainData(this.#samples);
    return this.#samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);
  }

  get isAudible() {
    return this.peak > AUDIBLE;
  }
}
