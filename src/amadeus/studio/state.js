// What the page knows, in one place. Modules set values and watch the ones that they show.

class State extends EventTarget {
  #values = {};

  constructor(values) {
    super();
    for (const [name, value] of Object.entries(values)) {
      this.#values[name] = value;
      Object.defineProperty(this, name, { get: () => this.#values[name], set: (v) => this.#set(name, v) });
    }
  }

  #set(name, value) {
    this.#values[name] = value;
    this.touch(name);
  }

  /** Says that a value has changed within. */
  touch(name) {
    this.dispatchEvent(new Event(name));
  }

  /** Calls `f` now, and whenever one of the values changes. */
  watch(names, f) {
    names.forEach((name) => this.addEventListener(name, f));
    f();
  }
}

export const state = new State({
  /** What the server says of itself. */
  info: null,
  /** The piece on the roll, a Piece; null before there is one. */
  piece: null,
  /** The take it is compared with, a Piece. */
  other: null,
  /** Everything that belongs to the piece, as the server tells it, oldest first. */
  takes: [],
  /** What is being composed: {kind, id, ofBars, done, bars, drafts, changes(note)}; null where nothing is. */
  job: null,
  /** {bars: [first, last]|null, voices: Set of keys, notes: Set of notes}. */
  selection: { bars: null, voices: new Set(), notes: new Set() },
  muted: new Set(),
  soloed: new Set(),
  /** Whether the selected bars are played over and over. */
  looping: false,
  theme: "light",
});

/** Whether a voice is to be heard. */
export function isHeard(key) {
  return state.soloed.size ? state.soloed.has(key) : !state.muted.has(key);
}
