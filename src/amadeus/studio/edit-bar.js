// The bar that appears with a selection: what to lock, what to resample, and the button to start.

import { $, h } from "./dom.js";
import { icon, setIcon } from "./icons.js";
import { attempt, tell } from "./notices.js";
import { partName } from "./piece.js";
import { clearSelection, describeSelection, isAnythingSelected, selectedNotes, selectedVoices } from "./selection.js";
import { state } from "./state.js";

/** What can be locked, in a musician's order. */
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

  /** New notes if nothing is locked; otherwise the notes stay, and unlocked attributes are resampled. */
  rewrite() {
    if (!state.piece?.id || state.job) return;
    const open = LOCKS.filter((name) => !this.#isLocked(name));
    if (!open.length) return tell("Everything is locked, so there is nothing to change.");
    this.#edit(open.length < LOCKS.length ? { resample: open } : {});
  }

  vary() {
    if (!state.piece?.id || state.job) return;
    const keep = [...this.#locked].filter((name) => name !== "rhythm" && name !== "harmony");
    this.#edit({ vary: VARIED, ...(keep.length ? { keep } : {}) });
  }

  #edit(change) {
    attempt(() => this.studio.edit({ ...this.#scope(), ...change }));
  }

  #scope() {
    const { bars, notes } = state.selection;
    const body = notes.size ? { notes: selectedNotes() } : { parts: selectedVoices().map(partName), ...(bars && { bars }) };
    const prompt = this.words.value.trim();
    return prompt ? { ...body, prompt } : body;
  }

  #isLocked(name) {
    return this.#locked.has(name) || Boolean(this.#whyFixed(name));
  }

  /** Why something must stay; empty if it need not. */
  #whyFixed(name) {
    if (state.selection.notes.size && (name === "rhythm" || name === "harmony")) {
      return `Single notes keep their ${name}; select bars to change it`;
    }
    // Notes keep their places among other instruments, and a new rhythm would change their order.
    const isAmongOthers = selectedVoices().length > 0 && this.#locked.size > 0;
    return name === "rhythm" && isAmongOthers ? "The rhythm of single instruments stays; unlock everything for new notes" : "";
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
      const isLocked = this.#isLocked(name);
      button.setAttribute("aria-pressed", isLocked);
      button.setAttribute("aria-label", `Lock ${name}`);
      button.title = this.#whyFixed(name) || (isLocked ? `The ${name} stays as it is` : `The ${name} may change`);
      setIcon(button, isLocked ? "lock" : "unlock");
    }
    $("#rewrite").lastElementChild.textContent = this.#locked.size ? "Rewrite the rest" : "Rewrite";
  }
}
