// The bar that appears with a selection: what is locked, what is drawn anew, and go.

import { $, h } from "./dom.js";
import { icon, setIcon } from "./icons.js";
import { announce, attempt } from "./notices.js";
import { clearSelection, describeSelection, isAnythingSelected, selectedParts } from "./selection.js";
import { state } from "./state.js";

/** What can be locked, in the order in which musicians would ask for it. */
const LOCKS = ["melody", "rhythm", "length", "harmony", "dynamics"];
const VARIED = 0.3; // share of the notes

export class EditBar {
  #locked = new Set();

  constructor(studio) {
    this.studio = studio;
    this.element = $("#edit-bar");
    this.words = $("#edit-words");
    $("#locks").append(...LOCKS.map((name) => this.#lock(name)));
    $("#rewrite").addEventListener("click", () => this.rewrite());
    $("#vary").addEventListener("click", () => this.vary());
    $("#deselect").addEventListener("click", clearSelection);
    $("#edit-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.rewrite();
    });
    state.watch(["selection", "job", "piece"], () => this.#show());
  }

  /** New notes where nothing is locked; else the notes stay, and what is open is drawn anew. */
  rewrite() {
    if (!state.piece?.id || state.job) return;
    const open = LOCKS.filter((name) => !this.#locked.has(name));
    const body = this.#scope();
    if (!open.length) return announce("Everything is locked, so nothing would change.");
    if (this.#locked.size) body.resample = this.#allowed(open);
    attempt(() => this.studio.edit(body));
  }

  vary() {
    if (!state.piece?.id || state.job) return;
    const keep = [...this.#locked].filter((name) => name !== "rhythm" && name !== "harmony");
    attempt(() => this.studio.edit({ ...this.#scope(), vary: VARIED, ...(keep.length ? { keep } : {}) }));
  }

  #scope() {
    const body = { parts: selectedParts() };
    if (state.selection.bars) body.bars = state.selection.bars;
    const prompt = this.words.value.trim();
    if (prompt) body.prompt = prompt;
    return body;
  }

  /** Among other instruments, notes keep their places: a new rhythm would change their order. */
  #allowed(open) {
    return this.#isRhythmFixed ? open.filter((name) => name !== "rhythm") : open;
  }

  get #isRhythmFixed() {
    return selectedParts().length > 0 && this.#locked.size > 0;
  }

  #lock(name) {
    const button = h("button", { class: "lock", type: "button", "data-lock": name, "aria-pressed": "false" }, icon("unlock"), h("span", { text: name }));
    button.addEventListener("click", () => {
      if (!this.#locked.delete(name)) this.#locked.add(name);
      this.#show();
    });
    return button;
  }

  #show() {
    const isShown = isAnythingSelected() && Boolean(state.piece?.id) && !state.job;
    this.element.hidden = !isShown;
    if (!isShown) return;
    $("#selection-text").textContent = describeSelection();
    for (const name of LOCKS) {
      const button = $(`[data-lock="${name}"]`);
      const isFixed = name === "rhythm" && this.#isRhythmFixed;
      const isLocked = this.#locked.has(name) || isFixed;
      button.setAttribute("aria-pressed", isLocked);
      button.setAttribute("aria-label", `Lock ${name}`);
      button.title = isFixed ? "Among other instruments the rhythm stays; unlock everything for new notes" : isLocked ? `${name} stays as it is` : `${name} may change`;
      setIcon(button, isLocked ? "lock" : "unlock");
    }
    $("#rewrite").lastElementChild.textContent = this.#locked.size ? "Redraw the rest" : "Rewrite";
  }
}
