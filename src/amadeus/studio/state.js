// The state of the page. Modules set values and watch those that they show.

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

  /** Notifies watchers that a value has changed internally. */
  touch(name) {
    this.dispatchEvent(new Event(name));
  }

  /** Calls `f` now and whenever one of the values changes. */
  watch(names, f) {
    names.forEach((name) => this.addEventListener(name, f));
    f();
  }
}

export const state = new State({
  /** The server's description of itself. */
  info: null,
  /** The Piece on the roll, or null. */
  piece: null,
  /** The Piece that it is compared with. */
  other: null,
  /** All takes of the piece, as the server describes them, oldest first. */
  takes: [],
  /** The job in progress: {kind, id, ofBars, done, bars, drafts, changes(note)}, or null. */
  job: null,
  /** {bars: [first, last]|null, voices: Set of keys, notes: Set of notes}. */
  selection: { bars: null, voices: new Set(), notes: new Set() },
  muted: new Set(),
  soloed: new Set(),
  /** Whether the selected bars are looped. */
  looping: false,
  theme: "light",
});

/** Whether a voice is audible. */
export function isHeard(key) {
  return state.soloed.size ? state.soloed.has(key) : !state.muted.has(key);
}
