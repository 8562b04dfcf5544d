// Converts times and pitches to positions on the roll, in CSS pixels.

const MIN_SCALE = 4; // pixels per quarter
const MAX_SCALE = 160;
const LOWEST_ROWS = 25;
const MARGIN = 2; // pitches above and below the notes
const WIDE = 1080; // width in pixels from which the edit bar fits in one row
const BELOW = [64, 112]; // pixels below the notes for the edit bar, in one row and in several

export class Geometry {
  width = 0;
  height = 0;
  scroll = 0; // quarters at the left edge
  scale = 24; // pixels per quarter
  low = 48;
  high = 84;
  gutter = 40; // width of the keys
  chords = 24; // height of the lane of chord names
  ruler = 24; // height of the lane of bar numbers

  get top() {
    return this.chords + this.ruler;
  }

  get rowHeight() {
    return (this.height - this.top) / (this.high - this.low + 1);
  }

  x(quarter) {
    return this.gutter + (quarter - this.scroll) * this.scale;
  }

  y(pitch) {
    return this.top + (this.high - pitch) * this.rowHeight;
  }

  quarterAt(x) {
    return this.scroll + (x - this.gutter) / this.scale;
  }

  pitchAt(y) {
    return this.high - Math.floor((y - this.top) / this.rowHeight);
  }

  /** Number of quarters that fit into the width. */
  get span() {
    return (this.width - this.gutter) / this.scale;
  }

  /** Shows the pitches from one to another. */
  showPitches([low, high]) {
    const rows = Math.max(LOWEST_ROWS, high - low + 1 + 2 * MARGIN);
    const pixels = BELOW[Number(this.width < WIDE)];
    const below = Math.ceil((rows * pixels) / Math.max(1, this.height - this.top - pixels));
    const missing = Math.max(0, LOWEST_ROWS - (high - low + 1 + 2 * MARGIN));
    const from = Math.max(0, low - MARGIN - below - Math.ceil(missing / 2));
    const to = Math.min(127, high + MARGIN + Math.floor(missing / 2));
    [this.low, this.high] = [from, to];
  }

  /** Fits a number of quarters into the width if they stay readable, from the beginning. */
  fit(quarters, smallest = 12) {
    this.scale = clamp((this.width - this.gutter) / quarters, smallest, 64);
    this.scroll = 0;
  }

  zoom(factor, x, quarters) {
    const held = this.quarterAt(x);
    this.scale = clamp(this.scale * factor, MIN_SCALE, MAX_SCALE);
    this.scrollTo(held - (x - this.gutter) / this.scale, quarters);
  }

  scrollTo(quarter, quarters) {
    this.scroll = clamp(quarter, 0, Math.max(0, quarters - this.span));
  }
}

export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
