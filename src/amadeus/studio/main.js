// The studio: connects its parts.

import { api } from "./api.js";
import { Prompt } from "./chips.js";
import { $, $$ } from "./dom.js";
import { EditBar } from "./edit-bar.js";
import { mountFiles } from "./files.js";
import { drawIcons } from "./icons.js";
import { mountKeys } from "./keys.js";
import { Library } from "./library.js";
import { attempt, complain } from "./notices.js";
import { Player } from "./player.js";
import { Roll } from "./roll.js";
import { state } from "./state.js";
import { Studio } from "./studio.js";
import { Synth } from "./synth.js";
import { Takes } from "./takes.js";
import { mountTheme } from "./theme.js";
import { Tracks } from "./tracks.js";
import { Transport } from "./transport.js";

const IDENTIFIER = /^[0-9a-f]{16}$/;

drawIcons(document);
mountTheme();
const synth = new Synth();
synth.ready.catch((error) => complain(new Error(`The synthesiser could not start: ${error.message}. Reload the page, or use a browser that supports AudioWorklet.`)));
const player = new Player(synth);
const roll = new Roll(player);
const studio = new Studio(player, roll);
const prompt = new Prompt(studio);
const editBar = new EditBar(studio);
const tracks = new Tracks(studio, synth);
const library = new Library(studio);
new Takes(studio, prompt);
new Transport(studio, player, synth);
mountFiles(studio);
mountKeys({ studio, player, roll, tracks, editBar, library });

state.watch(["piece"], () => {
  document.body.classList.toggle("is-empty", !state.piece);
  document.title = state.piece?.about.title ? `${state.piece.about.title} – Amadeus` : "Amadeus";
});
// Browsers allow sound from the first key or click on; loading it then avoids a delay later.
for (const event of ["pointerdown", "keydown"]) addEventListener(event, () => synth.resume(), { once: true });

for (const example of $$(".example")) {
  example.addEventListener("click", async () => {
    await prompt.write(example.textContent.trim());
    prompt.submit();
  });
}
$("#zoom-in").addEventListener("click", () => roll.zoom(1.25));
$("#zoom-out").addEventListener("click", () => roll.zoom(0.8));
$("#zoom-fit").addEventListener("click", () => roll.fit());

if (matchMedia("(pointer: fine)").matches && !location.hash) $("#prompt").focus();

/** For tests and debugging. */
globalThis.amadeus = { state, player, synth, studio, roll };

attempt(async () => (state.info = await api.info()));
const showAddressed = () => {
  const id = location.hash.slice(1);
  if (IDENTIFIER.test(id) && id !== state.piece?.id) attempt(() => studio.open(id));
};
addEventListener("hashchange", showAddressed);
showAddressed();
