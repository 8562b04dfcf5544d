// Keyboard shortcuts, and the overlay that lists them.

import { $, h } from "./dom.js";
import { attempt } from "./notices.js";
import { clearSelection, isAnythingSelected, selectBars } from "./selection.js";
import { state } from "./state.js";
import { toggleTheme } from "./theme.js";

const TYPING = "input:not([type=range], [type=checkbox]), textarea, select";

/** All shortcuts: [group, keys as shown, what it does, test of the event, action]. */
function shortcuts({ studio, player, roll, tracks, editBar, library }) {
  const press = (id) => () => $(id).click();
  const key = (name) => (e) => e.key.toLowerCase() === name && !e.ctrlKey && !e.metaKey && !e.altKey;
  const command = (name, shift) => (e) => (e.ctrlKey || e.metaKey) && e.key.toLowerCase() === name && e.shiftKey === shift;
  const bar = () => state.piece?.barAt(state.piece.quarterAt(player.position)) ?? 1;
  const toBar = (n) => {
    const { piece } = state;
    const target = piece?.grid[Math.max(0, Math.min(piece.grid.length, n) - 1)];
    if (!target) return;
    player.seek(piece.secondsAt(target.onset));
    roll.reveal(target.bar);
  };
  const extend = (by) => {
    const [first, last] = state.selection.bars ?? [bar(), bar() - Math.sign(by)];
    selectBars(first, Math.max(first, last + by));
    roll.reveal(state.selection.bars?.[1] ?? 1);
  };
  const digit = (shift) => (e) => /^Digit[1-9]$/.test(e.code) && e.shiftKey === shift && !e.ctrlKey && !e.metaKey && !e.altKey;
  return [
    ["Play", "Space", "Play or pause", (e) => e.key === " ", () => player.toggle()],
    ["Play", "Home", "Go to the beginning", key("home"), () => toBar(1)],
    ["Play", "← →", "Move back or forward by a bar", (e) => /^Arrow(Left|Right)$/.test(e.key) && !e.shiftKey && !e.altKey, (e) => toBar(bar() + (e.key === "ArrowLeft" ? -1 : 1))],
    ["Play", "L", "Loop the selection", key("l"), press("#loop")],
    ["Play", "1 … 9", "Mute an instrument", digit(false), (e) => tracks.toggleNth("muted", e.code.slice(5) - 1)],
    ["Play", "Shift 1 … 9", "Solo an instrument", digit(true), (e) => tracks.toggleNth("soloed", e.code.slice(5) - 1)],
    ["Select", "Shift ← →", "Select bars, from the playhead", (e) => /^Arrow(Left|Right)$/.test(e.key) && e.shiftKey, (e) => extend(e.key === "ArrowLeft" ? -1 : 1)],
    ["Select", "Ctrl A", "Select everything", command("a", false), () => selectBars(1, state.piece?.grid.length ?? 1)],
    ["Select", "Esc", "Clear the selection, or stop composing", key("escape"), () => (isAnythingSelected() ? clearSelection() : studio.cancel())],
    ["Change", "R", "Rewrite the selection", key("r"), () => editBar.rewrite()],
    ["Change", "V", "Vary the selection", key("v"), () => editBar.vary()],
    ["Change", "P", "Add a part", key("p"), press("#add-part")],
    ["Change", "C", "Continue: add eight bars", key("c"), press("#continue")],
    ["Change", "N", "Another take", key("n"), press("#another")],
    ["Change", "B", "Compare: switch between A and B", key("b"), () => studio.swap()],
    ["Change", "Ctrl Z", "Undo", command("z", false), () => studio.undo()],
    ["Change", "Ctrl Shift Z", "Redo", (e) => command("z", true)(e) || command("y", false)(e), () => studio.redo()],
    ["Page", "/", "Write a prompt", key("/"), () => $("#prompt").focus()],
    ["Page", "+ −", "Zoom", (e) => "+-=".includes(e.key) && !e.ctrlKey && !e.metaKey, (e) => roll.zoom(e.key === "-" ? 0.8 : 1.25)],
    ["Page", "0", "Show the whole piece", key("0"), () => roll.fit()],
    ["Page", "O", "Open a MIDI file", key("o"), press("#file")],
    ["Page", "E", "Export", key("e"), press("#export")],
    ["Page", "H", "Saved pieces", key("h"), () => library.open()],
    ["Page", "D", "Light or dark theme", key("d"), toggleTheme],
    ["Page", "?", "Show these shortcuts", key("?"), toggleOverlay],
  ];
}

export function mountKeys(parts) {
  const all = shortcuts(parts);
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open], :popover-open")) return;
    if (event.target.closest?.(TYPING)) return event.key === "Escape" && event.target.blur();
    if (event.key === " " && event.target.closest?.("button, input")) return;
    const found = all.find(([, , , test]) => test(event));
    if (!found) return;
    event.preventDefault();
    attempt(() => found[4](event));
  });
  // Clicked buttons lose focus, so that Space still plays; those reached with Tab keep it.
  addEventListener("click", (event) => {
    const focused = document.activeElement;
    if (event.detail && focused.matches("button:not(dialog *, [popover] *)")) focused.blur();
  });
  const groups = Map.groupBy(all, ([group]) => group);
  $("#shortcut-list").append(...[...groups].map(([name, entries]) => h("section", {}, h("h3", { text: name }),
    h("dl", {}, ...entries.map(([, shown, does]) => h("div", {}, h("dt", {}, ...shown.split(" ").map((k) => (k === "…" ? "…" : h("kbd", { text: k })))), h("dd", { text: does })))))));
  $("#open-keys").addEventListener("click", toggleOverlay);
  $("#close-keys").addEventListener("click", () => $("#keys").close());
  $("#keys").addEventListener("click", (event) => event.target === $("#keys") && $("#keys").close());
}

function toggleOverlay() {
  if ($("#keys").open) $("#keys").close();
  else $("#keys").showModal();
}
