// The profile of the next piece: chips for stated values and for those taken from a real piece.

import { api } from "./api.js";
import { $, h } from "./dom.js";
import { icon } from "./icons.js";
import { announce, attempt, sentence } from "./notices.js";
import { openPopover } from "./popover.js";
import { state } from "./state.js";

const PARSED = ["prompt", "prompt_constraints", "constraints", "bars", "seed", "profile"];
/** Values that the chips of the prompt show if stated. */
const HELD = ["key", "tempo", "metre", "instruments"];
const IMPLIED = "number of instruments";
/** The name that people read, and that constraints have, where the server's answers use another. */
export const titleOf = (name) => (name === "metre" ? "time signature" : name);
const MEANING = { set: "set by hand", said: "from the prompt", filled: "suggested by a real piece" };
const HINTS = { key: "A minor", tempo: "120", metre: "3/4", instruments: "piano + bass", genre: "jazz", form: "waltz", mood: "calm" };

export class ProfileChips {
  #told = { stated: {}, filled: {} };
  #set = {}; // values set by hand, by name; null if left open
  #reads = 0;
  #ask = () => ({});

  /** `ask` returns the request that the profile is for. */
  constructor(ask) {
    this.#ask = ask;
    this.list = $("#profile");
    state.watch(["info"], () => attempt(() => this.read()));
  }

  /** The values set by hand, for a request. */
  get values() {
    return this.#set;
  }

  /** Clears the values set by hand. */
  clear() {
    this.#set = {};
  }

  /** Takes the values of a piece. */
  async like(piece) {
    const { profile } = await api.profile(piece.id);
    this.#set = profile;
    await this.read();
    announce(`The next piece will be like ${piece.about.title}.`);
    this.#focus();
  }

  /** Requests the profile of the next piece and shows it. */
  async read() {
    const read = ++this.#reads;
    if (!state.info?.profile) return this.#show("");
    const asked = Object.entries(this.#ask()).filter(([name]) => PARSED.includes(name));
    const { profile, problem } = await api.parse(Object.fromEntries(asked));
    if (read !== this.#reads) return;
    if (profile) this.#told = profile;
    this.#show(profile ? "" : problem);
  }

  #show(problem) {
    const panel = $(".popover", this.list);
    if (panel) return panel.addEventListener("toggle", () => this.#show(problem), { once: true }); // show it when the panel closes
    const { stated, filled } = this.#told;
    const names = Object.keys({ ...stated, ...filled, ...this.#set }).filter((name) => this.#isShown(name));
    const chips = names.map((name) => this.#chip(name));
    const more = this.#button("Add to the profile", "add", icon("plus"), (button) => this.#add(button));
    const reset = h("button", { class: "chip open", type: "button", "data-profile": "reset", text: "Reset", on: { click: () => this.#change({}) } });
    const all = [...chips, more, Object.keys(this.#set).length ? reset : null].filter(Boolean);
    this.list.replaceChildren(...all.map((chip) => h("li", {}, chip)));
    this.list.hidden = !state.info?.profile;
    $("#profile-problem").textContent = problem ? sentence(problem) : "";
    $("#profile-problem").hidden = !problem || !$("#problem").hidden;
  }

  #isShown(name) {
    const isOpen = this.#set[name] === null;
    return !isOpen && name !== IMPLIED && !(HELD.includes(name) && name in this.#told.stated && !(name in this.#set));
  }

  #chip(name) {
    const kind = name in this.#set ? "set" : name in this.#told.stated ? "said" : "filled";
    const shown = this.#value(name);
    const button = this.#button(`${titleOf(name)}: ${shown}, ${MEANING[kind]}`, name, null, (at) => this.#edit(at, name));
    button.classList.replace("open", kind);
    button.append(h("span", { class: "label", text: titleOf(name) }), h("span", { class: "value", text: shown }));
    button.addEventListener("keydown", (event) => {
      if (event.key === "Delete" || event.key === "Backspace") this.#change({ ...this.#set, [name]: null }, "add");
    });
    return button;
  }

  #button(label, name, content, open) {
    const button = h("button", {
      class: "chip open", type: "button", "aria-haspopup": "dialog", "aria-expanded": "false", "aria-label": label, title: label, "data-profile": name,
    }, content);
    button.addEventListener("click", () => open(button));
    return button;
  }

  /** A value without its unit. */
  #value(name) {
    const value = String(this.#told.stated[name] ?? this.#told.filled[name] ?? this.#set[name] ?? "");
    const unit = measure(name)?.unit;
    return unit && value.endsWith(` ${unit}`) ? value.slice(0, -unit.length - 1) : value;
  }

  #edit(button, name) {
    const { unit, low, high } = measure(name) ?? {};
    openPopover(button, titleOf(name), (close) => {
      const set = (value) => {
        close();
        this.#change(value === undefined ? without(this.#set, name) : { ...this.#set, [name]: value }, name);
      };
      const input = h("input", {
        value: this.#value(name), placeholder: low ?? HINTS[name], maxlength: 300, autocomplete: "off", spellcheck: "false",
        list: state.info.profile.labels[name] ? labelList(name) : null,
      });
      const word = (text) => h("button", { type: "button", class: "chip", text, on: { click: () => set(text) } });
      return [h("h2", { text: titleOf(name) }), h("form", {
        on: {
          submit: (event) => {
            event.preventDefault();
            set(input.value.trim() || null);
          },
        },
      },
      low ? h("div", { class: "words", role: "group", "aria-label": "Low or high" }, word(low), word(high)) : null,
      h("label", {}, h("span", { text: low ? `Or enter a number${unit ? ` (${unit})` : ""}` : "Value" }), input),
      h("div", { class: "buttons" },
        h("button", { type: "button", class: "quiet", text: "Remove", on: { click: () => set(null) } }),
        name in this.#set ? h("button", { type: "button", class: "quiet", text: "Undo", on: { click: () => set(undefined) } }) : null,
        h("button", { type: "submit", class: "strong", text: "Set" })))];
    });
  }

  /** The values that no chip shows yet. */
  #add(button) {
    const { measures, labels } = state.info.profile;
    const known = [...HELD, ...measures.map((one) => one.name), ...Object.keys(labels)];
    const missing = known.filter((name) => !$(`[data-profile="${name}"]`, this.list));
    openPopover(button, "Add to the profile", (close) => [h("h2", { text: "Add" }), h("div", { class: "menu" },
      ...missing.map((name) => h("button", { type: "button", text: titleOf(name), on: { click: () => { close(); this.#edit(button, name); } } })))]);
  }

  #change(values, focus = "add") {
    this.#set = values;
    attempt(async () => {
      await this.read();
      this.#focus(focus);
    });
  }

  #focus(name) {
    ($(`[data-profile="${name}"]`, this.list) ?? $("button", this.list))?.focus();
  }
}

const measure = (name) => state.info?.profile?.measures.find((one) => one.name === name);
const without = (values, name) => Object.fromEntries(Object.entries(values).filter(([other]) => other !== name));

/** The id of a completion list for genres, forms or moods. */
function labelList(name) {
  const id = `${name}-names`;
  $(`#${id}`) ?? document.body.append(h("datalist", { id }, ...state.info.profile.labels[name].map((value) => h("option", { value }))));
  return id;
}
