// Editors that open when a chip is clicked. Each calls `done` with a value, or with undefined to
// leave it to the prompt.

import { $, h } from "./dom.js";
import { state } from "./state.js";

const TONICS = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
const SCALES = ["major", "minor", "dorian", "phrygian", "lydian", "mixolydian", "locrian", "harmonic minor", "melodic minor", "major pentatonic", "minor pentatonic", "blues", "whole tone"];
const METRES = ["2/4", "3/4", "4/4", "5/4", "6/8", "7/8", "9/8", "12/8"];
const FORMS = ["AABA", "AABA'", "ABA", "rondo", "verse chorus verse chorus bridge chorus", "intro:4 A:8 A:8 B:8 A':8 outro:4"];
const pretty = (tonic) => tonic.replace("#", "♯").replace("b", "♭");

/** A small form: fields, a button that sets the value, and one that leaves it open. */
function form(fields, read, done) {
  return h("form", {
    on: {
      submit: (event) => {
        event.preventDefault();
        done(read());
      },
    },
  }, ...fields, h("div", { class: "buttons" },
    h("button", { type: "button", class: "quiet", text: "Use the prompt", on: { click: () => done(undefined) } }),
    h("button", { type: "submit", class: "strong", text: "Set" })));
}

function choice(label, values, chosen, names = values) {
  const options = values.map((value, n) => h("option", { value, text: names[n], selected: value === chosen }));
  const select = h("select", {}, ...options);
  return [h("label", {}, h("span", { text: label }), select), select];
}

function number(label, value, min, max, step = 1, hint = "") {
  const input = h("input", { type: "number", min, max, step, value, placeholder: hint, inputmode: "decimal" });
  return [h("label", {}, h("span", { text: label }), input), input];
}

function keyEditor({ value, done }) {
  const [tonic, ...scale] = (value ?? "C major").split(" ");
  const [first, tonics] = choice("Tonic", TONICS, tonic, TONICS.map(pretty));
  const [second, scales] = choice("Scale", SCALES, scale.join(" "));
  return form([h("div", { class: "pair" }, first, second)], () => `${tonics.value} ${scales.value}`, done);
}

function tempoEditor({ value, done }) {
  const now = value ?? 100;
  const [field, input] = number("Quarter notes per minute", now, 20, 300);
  const slider = h("input", { type: "range", min: 40, max: 220, value: now, "aria-label": "Tempo" });
  slider.addEventListener("input", () => (input.value = slider.value));
  input.addEventListener("input", () => (slider.value = input.value));
  return form([field, slider], () => Number(input.value) || undefined, done);
}

function metreEditor({ value, done }) {
  const [field, select] = choice("Time signature", METRES, value ?? "4/4");
  return form([field], () => select.value, done);
}

function barsEditor({ value, done }) {
  const [field, input] = number("Length in bars", value ?? 16, 1, state.info?.limits.bars ?? 512);
  return form([field], () => Number(input.value) || undefined, done);
}

function formEditor({ value, done }) {
  const input = h("input", { value: value ?? "", list: "form-names", placeholder: "intro:4 A:8 A:8 B:8 A':8 outro:4", spellcheck: "false", autocomplete: "off" });
  const names = h("datalist", { id: "form-names" }, ...FORMS.map((name) => h("option", { value: name })));
  const field = h("label", {}, h("span", { text: "Sections; the same label has the same music" }), input);
  return form([field, names], () => input.value.trim() || undefined, done);
}

/** A list of all instrument names, for completion. */
export function instrumentNames() {
  return [...new Set((state.info?.instruments ?? []).map((one) => one.name))];
}

export function instrumentField(label) {
  $("#instrument-names") ?? document.body.append(
    h("datalist", { id: "instrument-names" }, ...instrumentNames().map((value) => h("option", { value }))));
  const input = h("input", { list: "instrument-names", placeholder: "violin", autocomplete: "off", spellcheck: "false" });
  return [h("label", {}, h("span", { text: label }), input), input];
}

function instrumentsEditor({ value, done }) {
  const chosen = new Set((value ?? "").split(", ").filter(Boolean));
  const list = h("ul", { class: "tokens" });
  const show = () => list.replaceChildren(...[...chosen].map((name) =>
    h("li", {}, h("button", {
      type: "button", text: name, "aria-label": `Remove ${name}`,
      on: { click: () => { chosen.delete(name); show(); } },
    }))));
  const [field, input] = instrumentField("Add an instrument");
  const add = () => {
    const name = input.value.trim().toLowerCase();
    if (name) chosen.add(name);
    input.value = "";
    show();
    return Boolean(name);
  };
  input.addEventListener("change", add);
  input.addEventListener("keydown", (event) => event.key === "Enter" && add() && event.preventDefault());
  show();
  return form([list, field], () => { add(); return [...chosen].join(", ") || undefined; }, done);
}

function moreEditor({ value, done }) {
  const [a, seed] = number("Seed: the same seed gives the same piece", value.seed, 0, 2 ** 53 - 1, 1, "random");
  const [b, temperature] = number("Temperature: below 1 is safer, above 1 is bolder", value.temperature, 0, 10, 0.05, "1");
  const [c, guidance] = number("Guidance: above 1 follows the prompt more closely", value.guidance, 0, 20, 0.1, "1");
  const lines = h("textarea", { rows: 4, placeholder: "chords: Am F C G\nvelocity: 40-80 for piano", spellcheck: "false" });
  lines.value = (value.constraints ?? []).join("\n");
  const read = () => {
    const fine = {};
    for (const [name, input] of Object.entries({ seed, temperature, guidance })) {
      if (input.value !== "") fine[name] = Number(input.value);
    }
    const constraints = lines.value.split("\n").map((line) => line.trim()).filter(Boolean);
    if (constraints.length) fine.constraints = constraints;
    return fine;
  };
  const text = h("label", {}, h("span", { text: "Constraints, one per line" }), lines);
  return form([a, b, c, text], read, (fine) => done(fine ?? {}));
}

export const EDITORS = {
  key: keyEditor, tempo: tempoEditor, metre: metreEditor, form: formEditor, bars: barsEditor,
  instruments: instrumentsEditor, more: moreEditor,
};
