// What is selected: a stretch of bars, and whose notes in it.

import { state } from "./state.js";

const NOTHING = () => ({ bars: null, voices: new Set(), notes: new Set() });

export function clearSelection() {
  state.selection = NOTHING();
}

/** Selects bars, from 1, both included; the instruments stay as they are. */
export function selectBars(first, last) {
  const most = state.piece?.grid.length ?? 0;
  if (!most) return;
  const bars = [Math.min(first, last), Math.max(first, last)].map((bar) => Math.min(most, Math.max(1, bar)));
  state.selection = { ...NOTHING(), bars, voices: state.selection.voices };
}

/** Selects notes, and with them their bars and instruments, which is what can be written anew. */
export function selectNotes(notes) {
  if (!notes.size) return clearSelection();
  const bars = [...notes].map((note) => state.piece.barAt(note.onset));
  state.selection = {
    notes,
    bars: [bars.reduce((a, b) => Math.min(a, b)), bars.reduce((a, b) => Math.max(a, b))],
    voices: new Set([...notes].map((note) => note.voice.key)),
  };
}

/** Adds an instrument to the selection, or takes it out. */
export function toggleVoice(key) {
  const voices = new Set(state.selection.voices);
  if (!voices.delete(key)) voices.add(key);
  state.selection = { ...state.selection, voices, notes: new Set() };
}

export const isAnythingSelected = () => Boolean(state.selection.bars || state.selection.voices.size);

/** Names of the selected instruments; empty for all. */
export function selectedParts() {
  const { voices } = state.selection;
  const names = [...(state.piece?.voices.values() ?? [])].filter((v) => voices.has(v.key)).map((v) => v.name);
  return voices.size === state.piece?.voices.size ? [] : [...new Set(names)];
}

/** The selection in words. */
export function describeSelection() {
  const { bars, notes } = state.selection;
  const parts = selectedParts();
  const where = !bars ? "All bars" : bars[0] === bars[1] ? `Bar ${bars[0]}` : `Bars ${bars[0]}–${bars[1]}`;
  const who = parts.length ? parts.join(", ") : "all instruments";
  return notes.size ? `${where}, ${who} (of ${notes.size} ${notes.size === 1 ? "note" : "notes"})` : `${where}, ${who}`;
}
