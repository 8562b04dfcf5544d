// The prompt, and chips for the values read from it, which can be set by hand.

import { api } from "./api.js";
import { $, debounced, h } from "./dom.js";
import { icon } from "./icons.js";
import { attempt, clearNotices, sentence } from "./notices.js";
import { openPopover } from "./popover.js";
import { EDITORS } from "./chip-editors.js";
import { ProfileChips, titleOf } from "./profile.js";
import { state } from "./state.js";

const QUIET = 160; // milliseconds without typing before the prompt is read

/** A chip: its name in the server's answers, its label, and its value in the prompt. */
const CHIPS = [
  { name: "key", label: "Key", said: (p) => p.key },
  { name: "tempo", label: "Tempo", said: (p) => (p.tempo ? `${p.tempo} BPM` : p.tempo_range && `${p.tempo_range.join("–")} BPM`) },
  { name: "metre", label: "Time signature", said: (p) => p.metre },
  { name: "instruments", label: "Instruments", said: (p) => [...p.instruments, ...p.without.map((w) => `no ${w}`)].join(", ") },
  { name: "form", label: "Form", said: (p) => p.form },
  { name: "bars", label: "Bars", said: (p) => (p.explained.some((one) => one.constraint.startsWith("bars:")) ? p.bars : null) },
];
const SHOWN = { tempo: (value) => `${value} BPM` };

export class Prompt {
  #parsed = null;
  #root = null; // first take of the piece whose prompt is shown
  #shown = ""; // that prompt
  #set = {}; // values set by hand, by the chip's name
  #fine = {}; // seed, temperature, guidance, constraints
  #seed = drawn(); // of the next piece: its profile depends on it

  constructor(studio) {
    this.studio = studio;
    this.profile = new ProfileChips(() => this.request());
    this.field = $("#prompt");
    this.form = $("#prompt-form");
    const read = debounced(() => attempt(() => this.#read()), QUIET);
    this.field.addEventListener("input", () => {
      this.#grow();
      read();
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submit();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (state.job) attempt(() => studio.cancel());
      else this.submit();
    });
    state.watch(["job"], () => this.#button());
    state.addEventListener("job", () => state.job || attempt(() => this.profile.read()));
    state.watch(["takes"], () => this.#take());
    addEventListener("resize", () => this.#grow());
    this.#read();
  }

  submit() {
    clearNotices();
    this.field.blur();
    const request = this.request();
    this.#seed = drawn();
    attempt(() => this.studio.compose(request));
  }

  /** The next piece gets the profile of this one. */
  like(piece) {
    return attempt(() => this.profile.like(piece));
  }

  /** Replaces the prompt, as if typed. */
  write(text) {
    this.field.value = text;
    this.#set = {};
    this.profile.clear();
    this.#grow();
    return attempt(() => this.#read());
  }

  /** The request: the prompt, and the values set by hand, which replace the prompt's. */
  request() {
    const prompt = this.field.value.trim();
    const { bars, ...held } = this.#set;
    const { constraints = [], ...fine } = this.#fine;
    const request = { prompt, seed: this.#seed, ...fine };
    if (Object.keys(this.profile.values).length) request.profile = this.profile.values;
    if (bars) request.bars = bars;
    const mine = Object.entries(held).map(([name, value]) => `${titleOf(name)}: ${value}`);
    const replaced = Object.keys(this.#set).map(titleOf);
    const said = (this.#parsed?.explained ?? []).map((one) => one.constraint);
    const kept = said.filter((one) => !replaced.includes(one.split(":")[0]));
    if (Object.keys(this.#set).length) Object.assign(request, { prompt_constraints: false, constraints: [...kept, ...mine, ...constraints] });
    else if (constraints.length) request.constraints = constraints;
    return request;
  }

  /** Shows the prompt of an opened piece, which is that of its first take. */
  #take() {
    const first = state.takes.find((take) => take.id === state.piece?.about.root);
    if (!first || first.id === this.#root) return;
    this.#root = first.id;
    const before = this.#shown;
    this.#shown = first.settings.prompt ?? "";
    const now = this.field.value.trim();
    if (this.#shown !== now && (this.#shown || now === before)) this.write(this.#shown);
  }

  async #read() {
    const prompt = this.field.value;
    const parsed = await api.parse({ prompt });
    if (prompt !== this.field.value) return;
    this.#parsed = parsed;
    this.#show();
    await this.profile.read();
  }

  #show() {
    const chips = CHIPS.map((chip) => this.#chip(chip));
    const fine = Object.keys(this.#fine).length;
    const more = this.#chipButton("more", "More", fine ? `${fine} set` : "", fine ? "set" : "open", (button) => this.#edit(button, "more"));
    more.prepend(icon("more"));
    $("#chips").replaceChildren(...[...chips, more].map((chip) => h("li", {}, chip)));
    const unknown = this.#parsed?.not_understood ?? [];
    const notice = unknown.length ? `Not understood: ${unknown.join(", ")}` : "";
    const problem = Object.keys(this.#set).length ? null : this.#parsed?.problem || notice;
    $("#problem").textContent = problem ? sentence(problem) : "";
    $("#problem").hidden = !problem;
  }

  #chip({ name, label, said }) {
    const words = this.#parsed ? said(this.#parsed) : "";
    const value = this.#set[name];
    const shown = value === undefined ? words : (SHOWN[name]?.(value) ?? value);
    const kind = value !== undefined ? "set" : words ? "said" : "open";
    return this.#chipButton(name, label, shown || (name === "bars" && this.#parsed?.bars) || "any", kind, (button) => this.#edit(button, name, label));
  }

  #chipButton(name, label, value, kind, open) {
    const meaning = { set: "set by hand", said: "from the prompt", open: "chosen by the model" }[kind];
    const button = h("button", {
      class: `chip ${kind}`, type: "button", "aria-haspopup": "dialog", "aria-expanded": "false",
      "aria-label": `${label}: ${value || "none"}, ${meaning}`, "data-chip": name,
    }, h("span", { class: "label", text: label }), h("span", { class: "value", text: value }));
    button.addEventListener("click", () => open(button));
    return button;
  }

  #edit(button, name, label = "More settings") {
    const now = name === "more" ? this.#fine : (this.#set[name] ?? this.#wordsFor(name));
    openPopover(button, label, (close) => [
      h("h2", { text: label }),
      EDITORS[name]({
        value: now,
        done: (value) => {
          if (name === "more") this.#fine = value;
          else if (value === undefined) delete this.#set[name];
          else this.#set[name] = value;
          close();
          this.#show();
          $(`[data-chip="${name}"]`)?.focus();
          attempt(() => this.profile.read());
        },
      }),
    ]);
  }

  #wordsFor(name) {
    const parsed = this.#parsed ?? {};
    return { tempo: parsed.tempo ?? parsed.tempo_range?.[0], instruments: (parsed.instruments ?? []).join(", ") }[name] ?? parsed[name];
  }

  #button() {
    const button = $("#compose");
    const isBusy = Boolean(state.job);
    button.setAttribute("aria-label", isBusy ? "Stop composing" : "Compose");
    button.classList.toggle("busy", isBusy);
    button.replaceChildren(icon(isBusy ? "stop" : "send"));
  }

  #grow() {
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
  }
}

/** The name of the chip for a constraint. */
function chipOf(constraint) {
  const [name] = constraint.split(":");
  return name === "time signature" ? "metre" : name;
}

const drawn = () => Math.floor(Math.random() * 1e6);
