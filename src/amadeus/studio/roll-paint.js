// Paints the roll: static content (keys, grid, chords, notes), and moving content above it.

import { colour } from "./colours.js";
import { firstFrom, noteIdentity } from "./piece.js";
import { isHeard, state } from "./state.js";

const BLACK = new Set([1, 3, 6, 8, 10]);
const FONT = '"Instrument Sans", system-ui, sans-serif';
const LABEL = 18; // width in pixels of the octave names beside the black keys
const SERIF = '"Instrument Serif", Georgia, serif';

/** The colours from the style sheet. */
export function readPalette() {
  const style = getComputedStyle(document.documentElement);
  const names = ["paper", "roll", "row", "line", "bar-line", "beat-line", "ink", "muted", "accent", "key-white", "key-black", "wash"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

export function paintStill(context, g, piece, palette) {
  context.clearRect(0, 0, g.width, g.height);
  paintRows(context, g, palette);
  paintGrid(context, g, piece, palette);
  context.save();
  context.beginPath();
  context.rect(g.gutter, g.top, g.width, g.height);
  context.clip();
  if (piece) {
    if (state.other) paintGhosts(context, g, piece, palette);
    paintNotes(context, g, piece, palette);
  }
  if (!piece) paintSketch(context, g, palette);
  context.restore();
  paintLanes(context, g, piece, palette);
  paintKeys(context, g, palette);
}

function paintRows(context, g, palette) {
  context.fillStyle = palette.roll;
  context.fillRect(0, 0, g.width, g.height);
  context.fillStyle = palette.row;
  for (let pitch = g.low; pitch <= g.high; pitch++) {
    if (BLACK.has(pitch % 12)) context.fillRect(g.gutter, g.y(pitch), g.width, g.rowHeight);
  }
  context.fillStyle = palette.line;
  for (let pitch = g.low; pitch <= g.high; pitch++) {
    if (pitch % 12 === 0) context.fillRect(g.gutter, Math.round(g.y(pitch) + g.rowHeight) - 1, g.width, 1);
  }
}

function paintGrid(context, g, piece, palette) {
  for (const bar of gridOf(piece)) {
    const x = g.x(bar.onset);
    if (g.x(bar.end) < g.gutter || x > g.width) continue;
    const beat = 4 / Number(bar.metre.split("/")[1]);
    context.fillStyle = palette["beat-line"];
    if (beat * g.scale > 7) {
      for (let at = bar.onset + beat; at < bar.end - 1e-6; at += beat) line(context, g, g.x(at));
    }
    context.fillStyle = palette["bar-line"];
    line(context, g, x, g.chords);
  }
}

function line(context, g, x, from = g.top) {
  if (x >= g.gutter) context.fillRect(Math.round(x), from, 1, g.height);
}

/** The bars of a piece, or placeholder bars without one. */
export function gridOf(piece) {
  return piece?.grid ?? Array.from({ length: 16 }, (_, n) => ({ bar: n + 1, onset: n * 4, end: n * 4 + 4, metre: "4/4" }));
}

function* visible(piece, g) {
  const end = g.quarterAt(g.width);
  for (let n = firstFrom(piece.notes, "onset", g.scroll - piece.longest); n < piece.notes.length; n++) {
    const note = piece.notes[n];
    if (note.onset > end) return;
    if (note.onset + note.duration >= g.scroll) yield note;
  }
}

/** The rectangle of a note: x, y, width, height. */
export function noteBox(g, note) {
  const height = Math.max(2.5, g.rowHeight - (g.rowHeight > 6 ? 1.5 : 0.5));
  const x = g.x(note.onset);
  if (note.is_drum) {
    const side = Math.min(Math.max(height, 5), 9);
    return [x, g.y(note.pitch) + (g.rowHeight - side) / 2, side, side];
  }
  return [x, g.y(note.pitch) + (g.rowHeight - height) / 2, Math.max(3, note.duration * g.scale - 1), height];
}

function shape(context, g, note, share = 1) {
  const [x, top, width, whole] = noteBox(g, note);
  const height = note.is_drum ? whole : whole * share;
  const y = top + whole - height;
  context.beginPath();
  if (note.is_drum) {
    context.moveTo(x, y + height / 2);
    context.lineTo(x + width / 2, y);
    context.lineTo(x + width, y + height / 2);
    context.lineTo(x + width / 2, y + height);
    context.closePath();
  } else context.roundRect(x, y, width, height, Math.min(3, height / 2));
}

/** Paints the second of two unison notes at half height, so that both are visible. */
function paintNotes(context, g, piece, palette) {
  const lowest = new Map(); // the last full note of each pitch
  for (const note of visible(piece, g)) {
    const other = lowest.get(note.pitch);
    const isUnison = other && other.voice !== note.voice && other.onset + other.duration > note.onset + 1e-6;
    if (!isUnison) lowest.set(note.pitch, note);
    paintNote(context, g, note, palette, isUnison);
  }
}

function paintNote(context, g, note, palette, isUnison) {
  const isFaint = !isHeard(note.voice.key) || state.job?.changes(note);
  const alpha = isFaint ? 0.14 : 0.5 + (0.5 * note.velocity) / 127;
  context.fillStyle = colour(note.voice.hue, state.theme, alpha);
  shape(context, g, note, isUnison ? 0.5 : 1);
  context.fill();
  if (!isSelected(note)) return;
  context.strokeStyle = palette.ink;
  context.lineWidth = 1.5;
  context.stroke();
}

/** The first bars of Mozart's serenade in G (K. 525): pitch, onset and length in quarters. */
const SKETCH = [
  [67, 0, 1], [62, 1.5, 0.5], [67, 2, 1], [62, 3.5, 0.5], [67, 4, 0.5], [62, 4.5, 0.5], [67, 5, 0.5], [71, 5.5, 0.5], [74, 6, 1],
  [72, 8, 1], [69, 9.5, 0.5], [72, 10, 1], [69, 11.5, 0.5], [72, 12, 0.5], [69, 12.5, 0.5], [66, 13, 0.5], [69, 13.5, 0.5], [62, 14, 1],
];
const SKETCH_BAR = 9;

/** Paints the roll without a piece. */
function paintSketch(context, g, palette) {
  SKETCH.forEach(([pitch, onset, duration], n) => {
    const note = { pitch, onset: onset * 2 + 4 * (SKETCH_BAR - 1), duration: duration * 2, is_drum: false };
    context.fillStyle = n === 8 ? palette.accent : palette["bar-line"];
    shape(context, g, note);
    context.fill();
  });
}

const isSelected = (note) => state.selection.notes.has(note);

/** Outlines notes that only the other take has. */
function paintGhosts(context, g, piece, palette) {
  const here = identities(piece);
  context.strokeStyle = palette.muted;
  context.lineWidth = 1;
  context.setLineDash([2, 2]);
  for (const note of visible(state.other, g)) {
    if (here.has(noteIdentity(note))) continue;
    shape(context, g, note);
    context.stroke();
  }
  context.setLineDash([]);
}

const known = new WeakMap();

function identities(piece) {
  if (!known.has(piece)) known.set(piece, new Set(piece.notes.map(noteIdentity)));
  return known.get(piece);
}

function paintLanes(context, g, piece, palette) {
  context.fillStyle = palette.paper;
  context.fillRect(0, 0, g.width, g.top);
  context.fillStyle = palette.line;
  context.fillRect(0, g.top - 1, g.width, 1);
  context.save();
  context.beginPath();
  context.rect(g.gutter, 0, g.width, g.top);
  context.clip();
  paintNumbers(context, g, piece, palette);
  if (piece) paintChords(context, g, piece, palette);
  context.restore();
}

function paintNumbers(context, g, piece, palette) {
  const bars = gridOf(piece);
  const width = (bars[0].end - bars[0].onset) * g.scale;
  const step = [1, 2, 4, 8, 16, 32, 64].find((n) => n * width > 34) ?? 128;
  context.font = `500 11px ${FONT}`;
  context.textBaseline = "middle";
  let metre = "";
  for (const bar of bars) {
    const x = g.x(bar.onset);
    const isNew = piece?.bars.length > 0 && bar.metre !== metre;
    metre = bar.metre;
    if ((bar.bar - 1) % step) continue;
    context.fillStyle = palette["bar-line"];
    context.fillRect(Math.round(x), g.chords + 6, 1, g.ruler);
    context.fillStyle = palette.muted;
    context.fillText(isNew && width > 60 ? `${bar.bar}  ·  ${bar.metre}` : bar.bar, x + 6, g.chords + g.ruler / 2 + 1);
  }
}

function paintChords(context, g, piece, palette) {
  context.font = `italic 17px ${SERIF}`;
  context.fillStyle = palette.ink;
  context.textBaseline = "middle";
  let free = -Infinity;
  for (const [n, { onset, chord }] of piece.chords.entries()) {
    if (chord === piece.chords[n - 1]?.chord) continue;
    const x = g.x(onset) + 5;
    const name = chord.replace(/(?<=^[A-G])b/, "♭").replace("#", "♯");
    if (!name || x < free) continue;
    free = x + context.measureText(name).width + 8;
    context.fillText(name, x, g.chords / 2 + 2);
  }
}

function paintKeys(context, g, palette) {
  context.fillStyle = palette["key-white"];
  context.fillRect(0, g.top, g.gutter, g.height);
  for (let pitch = g.low; pitch <= g.high; pitch++) {
    const [y, degree] = [g.y(pitch), pitch % 12];
    context.fillStyle = palette.line;
    if (degree === 0 || degree === 5) context.fillRect(0, Math.round(y + g.rowHeight) - 1, g.gutter, 1);
    context.fillStyle = palette["key-black"];
    if (BLACK.has(degree)) context.fillRect(0, y, g.gutter - LABEL, g.rowHeight);
    if (degree === 0 && g.rowHeight > 2.5) label(context, g, pitch, palette);
  }
  context.fillStyle = palette["bar-line"];
  context.fillRect(g.gutter - 1, g.top, 1, g.height);
}

function label(context, g, pitch, palette) {
  context.font = `500 9px ${FONT}`;
  context.fillStyle = palette.muted;
  context.textBaseline = "middle";
  context.fillText(`C${pitch / 12 - 1}`, g.gutter - LABEL + 2, g.y(pitch) + g.rowHeight / 2);
}

/** Paints the moving content: selection, notes being composed, sounding notes, playhead. */
export function paintMoving(context, g, piece, palette, { quarter, isPlaying, marquee, pulse }) {
  context.clearRect(0, 0, g.width, g.height);
  context.save();
  context.beginPath();
  context.rect(g.gutter, 0, g.width, g.height);
  context.clip();
  paintSelection(context, g, piece, palette);
  paintJob(context, g, piece, palette, pulse);
  if (piece && isPlaying) paintSounding(context, g, piece, quarter);
  if (marquee) paintMarquee(context, marquee, palette);
  if (piece?.notes.length) paintPlayhead(context, g, g.x(quarter), palette);
  context.restore();
}

/** The left and right edges of a range of bars. */
export function barEdges(g, piece, [first, last]) {
  const bars = gridOf(piece);
  return [g.x(bars[first - 1]?.onset ?? 0), g.x(bars[Math.min(last, bars.length) - 1]?.end ?? 0)];
}

function paintSelection(context, g, piece, palette) {
  if (!state.selection.bars || state.selection.notes.size) return; // single notes are outlined
  const [left, right] = barEdges(g, piece, state.selection.bars);
  context.fillStyle = palette.wash;
  context.fillRect(left, g.chords, right - left, g.height);
  context.fillStyle = palette.accent;
  context.fillRect(left, g.chords, right - left, 3);
  context.fillRect(left, g.chords, 1, g.height);
  context.fillRect(right - 1, g.chords, 1, g.height);
}

function paintJob(context, g, piece, palette, pulse) {
  const job = state.job;
  if (!job) return;
  context.fillStyle = palette.accent;
  context.globalAlpha = 0.1 + 0.1 * pulse;
  if (job.kind === "edit") {
    const [left, right] = barEdges(g, piece, job.bars ?? [1, Infinity]);
    context.fillRect(left, g.top, right - left, g.height);
    paintDrafts(context, g, piece, job);
  } else {
    const x = g.x(piece?.notes.at(-1)?.onset ?? 0);
    const glow = context.createLinearGradient(x, 0, x + 120, 0);
    glow.addColorStop(0, palette.accent);
    glow.addColorStop(1, `${palette.accent}00`);
    context.fillStyle = glow;
    context.fillRect(x, g.top, 120, g.height);
  }
  context.globalAlpha = 1;
}

/** Paints the notes of the first candidate of an edit, lighter than final notes. */
function paintDrafts(context, g, piece, job) {
  context.globalAlpha = 1;
  for (const note of job.drafts) {
    context.fillStyle = context.strokeStyle = colour(piece.hueOf(note), state.theme, 0.5);
    context.lineWidth = 1;
    shape(context, g, note);
    context.fill();
    context.stroke();
  }
}

function paintSounding(context, g, piece, quarter) {
  for (let n = firstFrom(piece.notes, "onset", quarter - piece.longest); n < piece.notes.length; n++) {
    const note = piece.notes[n];
    if (note.onset > quarter) break;
    if (note.onset + Math.max(note.duration, 0.2) < quarter || !isHeard(note.voice.key)) continue;
    context.fillStyle = colour(note.voice.hue, state.theme);
    context.shadowColor = context.fillStyle;
    context.shadowBlur = 10;
    shape(context, g, note);
    context.fill();
  }
  context.shadowBlur = 0;
}

function paintMarquee(context, [x, y, width, height], palette) {
  context.strokeStyle = palette.accent;
  context.lineWidth = 1;
  context.setLineDash([4, 3]);
  context.strokeRect(x + 0.5, y + 0.5, width, height);
  context.setLineDash([]);
}

function paintPlayhead(context, g, x, palette) {
  context.fillStyle = palette.accent;
  context.fillRect(Math.round(x) - 0.5, g.chords + 8, 1.5, g.height);
  context.beginPath();
  context.moveTo(x - 5.5, g.chords + 6);
  context.lineTo(x + 5.5, g.chords + 6);
  context.lineTo(x + 0.2, g.chords + 15);
  context.fill();
}
