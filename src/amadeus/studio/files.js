// Importing MIDI files that are dropped on the page, and exporting pieces.

import { api } from "./api.js";
import { $, h } from "./dom.js";
import { attempt, tell } from "./notices.js";
import { openPopover } from "./popover.js";
import { state } from "./state.js";

/** Export formats, by the server's names. */
const KINDS = {
  midi: { suffix: ".mid", label: "MIDI", hint: "for any music program" },
  audio: { suffix: ".wav", label: "WAV", hint: "audio, 44.1 kHz" },
  score: { suffix: ".musicxml", label: "MusicXML", hint: "sheet music" },
  pdf: { suffix: ".pdf", label: "PDF", hint: "sheet music, A4" },
  picture: { suffix: ".png", label: "Picture", hint: "piano roll, PNG" },
};

export function mountFiles(studio) {
  $("#export").addEventListener("click", (event) => openExport(event.currentTarget));
  const picker = $("#file");
  for (const button of document.querySelectorAll(".open-file")) button.addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    if (picker.files[0]) attempt(() => studio.upload(picker.files[0]));
    picker.value = "";
  });
  state.watch(["piece"], () => ($("#export").disabled = !state.piece?.id));
  mountDrop(studio);
}

function mountDrop(studio) {
  const veil = $("#drop");
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    veil.hidden = false;
  });
  addEventListener("dragleave", (event) => (veil.hidden = event.relatedTarget === null || veil.hidden));
  addEventListener("drop", (event) => {
    veil.hidden = true;
    if (!hasFiles(event)) return;
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) attempt(() => studio.upload(file));
  });
}

export function openExport(button) {
  if (button.disabled) return;
  const known = Object.entries(KINDS).filter(([kind]) => kind === "midi" || state.info?.files.includes(kind));
  openPopover(button, "Export", (close) => [
    h("h2", { text: "Export" }),
    h("ul", { class: "menu" }, ...known.map(([kind, { label, hint }]) => h("li", {}, h("button", {
      type: "button", "data-export": kind, on: { click: () => { close(); attempt(() => save(kind)); } },
    }, h("b", { text: label }), h("span", { text: hint }))))),
  ]);
}

async function save(kind) {
  const { id, title } = state.piece.about;
  if (kind !== "midi") tell(`Preparing the ${KINDS[kind].label} file…`);
  const blob = await api.file(id, kind);
  const name = (title.replace(/[^\p{L}\p{N} _-]+/gu, "").trim().slice(0, 60) || id) + KINDS[kind].suffix;
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  tell(`Saved as “${name}”.`);
}
