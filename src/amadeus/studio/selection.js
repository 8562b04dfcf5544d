// The selection: a range of bars with some instruments, or single notes.

import { partName } from "./piece.js";
import { state } from "./state.js";

const MOST_NOTES = 1024; // that a request may name

const NOTHING = () => ({ bars: null, voices: new Set(), notes: new Set() });

export function clearSelection() {
  state.selection = NOTHING();
}

/** Selects bars (from 1, inclusive); the instruments stay selected. */
export function selectBars(first, last) {
  const most = state.piece?.grid.length ?? 0;
  if (!most) return;
  const bars = [Math.min(first, last), Math.max(first, last)].map((bar) => Math.min(most, Math.max(1, bar)));
  state.selection = { ...NOTHING(), bars, voices: state.selection.voices };
}

/** Selects single notes; their bars are looped, and their instruments shown. */
export function selectNotes(notes) {
  if (!notes.size) return clearSelection();
  const bars = [...notes].map((note) => state.piece.barAt(note.onset));
  state.selection = {
    notes,
    bars: [bars.reduce((a, b) => Math.min(a, b)), bars.reduce((a, b) => Math.max(a, b))],
    voices: new Set([...notes].map((note) => note.voice.key)),
  };
}

/** Adds an instrument to the selection, or removes it. */
export function toggleVoice(key) {
  const voices = new Set(state.selection.voices);
  if (!voices.delete(key)) voices.add(key);
  state.selection = { ...state.selection, voices, notes: new Set() };
}

export const isAnythingSelected = () => Boolean(state.selection.bars || state.selection.voices.size);

/** The selected instruments, as voices; empty for all. */
export function selectedVoices() {
  const { voices } = state.selection;
  if (voices.size === state.piece?.voices.size) return [];
  return [...(state.piece?.voices.values() ?? [])].filter((voice) => voices.has(voice.key));
}

/** Unique names of the selected notes for the server; empty for none. */
export function selectedNotes() {
  const { notes } = state.selection;
  if (notes.size > MOST_NOTES) {
    throw new Error(`${notes.size} single notes are selected; select at most ${MOST_NOTES}, or select bars and instruments.`);
  }
  return [...notes].map((note) => {
    const bar = state.piece.grid[state.piece.barAt(note.onset) - 1];
    const beat = 1 + ((note.onset - bar.onset) * Number(bar.metre.split("/")[1])) / 4;
    return `${note.pitch} for ${partName(note.voice)} at ${bar.bar}:${Math.max(1, beat).toFixed(3)}`;
  });
}

/** Carries the selection over to another take: its bars, instruments, and corresponding notes. */
export function carrySelection(from, to) {
  const { bars, voices, notes } = state.selection;
  if (notes.size) return selectNotes(new Set(counterparts(notes, from, to)));
  const fits = bars && bars[1] <= to.grid.length;
  const known = [...voices].filter((key) => to.voices.has(key));
  state.selection = { ...NOTHING(), bars: fits ? bars : null, voices: new Set(known) };
}

/** Resampled notes correspond to the old ones by time, instrument and order. */
function counterparts(notes, from, to) {
  const [before, after] = [chordsOf(from), chordsOf(to)];
  return [...notes].flatMap((note) => {
    const [old, now] = [before.get(chordKey(note)), after.get(chordKey(note)) ?? []];
    return old?.length === now.length ? now[old.indexOf(note)] : [];
  });
}

const chordKey = (note) => `${note.voice.key} ${note.onset.toFixed(3)}`;

/** Notes of an instrument that start together, from the lowest. */
function chordsOf(piece) {
  const chords = Map.groupBy(piece.notes, chordKey);
  for (const chord of chords.values()) chord.sort((a, b) => a.pitch - b.pitch);
  return chords;
}

/** A description of the selection. */
export function describeSelection() {
  const { bars, notes } = state.selection;
  const parts = [...new Set(selectedVoices().map((voice) => voice.name))];
  const where = !bars ? "All bars" : bars[0] === bars[1] ? `Bar ${bars[0]}` : `Bars ${bars[0]}–${bars[1]}`;
  const who = parts.length ? parts.join(", ") : "all instruments";
  return notes.size ? `${notes.size === 1 ? "1 note" : `${notes.size} notes`}, ${where.toLowerCase()}, ${who}` : `${where}, ${who}`;
}
