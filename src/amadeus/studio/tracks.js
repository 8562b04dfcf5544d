// The instruments: mute, solo, rewrite, and add others.

import { colour } from "./colours.js";
import { $, h } from "./dom.js";
import { instrumentField } from "./chip-editors.js";
import { icon } from "./icons.js";
import { attempt } from "./notices.js";
import { partName } from "./piece.js";
import { openPopover } from "./popover.js";
import { toggleVoice } from "./selection.js";
import { isHeard, state } from "./state.js";

export class Tracks {
  constructor(studio, synth) {
    Object.assign(this, { studio, synth });
    $("#add-part").addEventListener("click", (event) => this.#askForPart(event.currentTarget));
    state.watch(["piece", "voices", "muted", "soloed", "selection", "theme", "job"], () => this.#show());
    state.addEventListener("progress", () => this.#count());
  }

  /** Mutes or solos an instrument; `which` is "muted" or "soloed". */
  toggle(which, key) {
    const keys = new Set(state[which]);
    if (!keys.delete(key)) keys.add(key);
    state[which] = keys;
    for (const voice of state.piece?.voices.values() ?? []) if (!isHeard(voice.key)) this.synth.silenceVoice(voice);
  }

  /** The nth instrument, from 0. */
  toggleNth(which, n) {
    const voice = [...(state.piece?.voices.values() ?? [])][n];
    if (voice) this.toggle(which, voice.key);
  }

  #count() {
    for (const voice of state.piece?.voices.values() ?? []) {
      const row = $(`[data-focus="name-${voice.key}"] .count`);
      if (row) row.textContent = voice.count;
    }
  }

  #show() {
    const voices = [...(state.piece?.voices.values() ?? [])];
    const focus = document.activeElement?.dataset?.focus;
    $("#tracks").replaceChildren(...voices.map((voice) => this.#row(voice)));
    if (focus) $(`#tracks [data-focus="${focus}"]`)?.focus();
    $("#add-part").hidden = !state.piece?.id;
    $("#add-part").disabled = Boolean(state.job);
  }

  #row(voice) {
    const isSelected = state.selection.voices.has(voice.key) && !state.selection.notes.size;
    const swatch = h("span", { class: "swatch" });
    swatch.style.background = colour(voice.hue, state.theme);
    const name = h("button", {
      class: "name", type: "button", "aria-pressed": String(isSelected), "data-focus": `name-${voice.key}`,
      "aria-label": `Select ${voice.name}, ${voice.count} notes`, title: `Select ${voice.name}, to rewrite it`,
      on: { click: () => toggleVoice(voice.key) },
    }, swatch, h("span", { class: "text", text: voice.name }), h("span", { class: "count", text: voice.count }));
    return h("li", { class: `track ${isHeard(voice.key) ? "" : "silent"} ${isSelected ? "selected" : ""}` },
      name, this.#switch(voice, "muted", "M", "Mute"), this.#switch(voice, "soloed", "S", "Solo"), this.#again(voice));
  }

  #switch(voice, which, letter, verb) {
    return h("button", {
      class: `switch ${which}`, type: "button", text: letter, title: verb, "aria-label": `${verb} ${voice.name}`,
      "aria-pressed": String(state[which].has(voice.key)), "data-focus": `${which}-${voice.key}`,
      on: { click: () => this.toggle(which, voice.key) },
    });
  }

  #again(voice) {
    return h("button", {
      class: "switch again", type: "button", title: "Rewrite this part", "aria-label": `Rewrite ${voice.name}`,
      disabled: !state.piece?.id || Boolean(state.job),
      on: { click: () => attempt(() => this.studio.edit({ parts: [partName(voice)], ...scope() })) },
    }, icon("again"));
  }

  #askForPart(button) {
    openPopover(button, "Add a part", (close) => {
      const [field, input] = instrumentField("Instrument to add");
      const { bars } = state.selection;
      const where = bars ? `in bars ${bars[0]}–${bars[1]}` : "in the whole piece";
      return [h("h2", { text: "Add a part" }), h("form", {
        on: {
          submit: (event) => {
            event.preventDefault();
            const name = input.value.trim();
            if (!name) return input.focus();
            close();
            attempt(() => this.studio.edit({ add: [name], ...scope() }));
          },
        },
      }, field, h("div", { class: "buttons" }, h("span", { class: "hint", text: where }), h("button", { class: "strong", type: "submit", text: "Add" })))];
    });
  }
}

const scope = () => (state.selection.bars ? { bars: state.selection.bars } : {});
