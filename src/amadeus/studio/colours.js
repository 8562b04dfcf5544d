// Colours of instruments: the hue depends on the family, so strings look alike in all pieces.

const FAMILY_HUES = [258, 205, 318, 72, 292, 152, 168, 48, 12, 222, 335, 300, 275, 105, 88, 30];
const APART = 34;

/** Hues of voices in degrees, as distinct as possible; null for drums. */
export function nextHue(program, isDrum, taken) {
  if (isDrum) return null;
  let hue = FAMILY_HUES[Math.floor(program / 8)];
  for (let tries = 0; tries < 12 && taken.some((other) => distance(hue, other) < APART); tries++) hue = (hue + 53) % 360;
  return hue;
}

function distance(a, b) {
  const d = Math.abs(a - b) % 360;
  return Math.min(d, 360 - d);
}

/** The colour of a hue, for a theme. */
export function colour(hue, theme, alpha = 1) {
  const [light, chroma] = theme === "dark" ? [0.76, 0.13] : [0.56, 0.15];
  if (hue === null) return `oklch(${theme === "dark" ? 0.8 : 0.36} 0.012 80 / ${alpha})`;
  return `oklch(${light} ${chroma} ${hue} / ${alpha})`;
}
