// Icons of 20 by 20 pixels, drawn with strokes unless they are solid.

const SOLID = new Set(["play", "pause", "stop", "star-full", "dot"]);
const PATHS = {
  play: "M6 3.5 16.5 10 6 16.5Z",
  pause: "M5.5 4h3v12h-3zM11.5 4h3v12h-3z",
  stop: "M5 5h10v10H5z",
  start: "M5 4v12M15.5 4.5 8 10l7.5 5.5Z",
  loop: "M4 9V8a3 3 0 0 1 3-3h8m-2.5-2.5L15 5l-2.5 2.5M16 11v1a3 3 0 0 1-3 3H5m2.5 2.5L5 15l2.5-2.5",
  undo: "M7.5 4 4 7.5 7.5 11M4 7.5h7.5a4 4 0 0 1 0 8H8",
  redo: "M12.5 4 16 7.5 12.5 11M16 7.5H8.5a4 4 0 0 0 0 8H12",
  again: "M15.5 6.5A6.5 6.5 0 1 0 16.5 11M16 3v4h-4",
  vary: "M3 12c2.3-6 4.700-6 7 0s4.700 6 7 0",
  plus: "M10 4v12M4 10h12",
  minus: "M4 10h12",
  close: "m5 5 10 10M15 5 5 15",
  export: "M10 12.500V3m-3.500 3L10 2.700 13.500 6M4 11v5h12v-5",
  open: "M3 15.500V5h5l1.500 2H17v8.500Z",
  list: "M4 5.500h12M4 10h12M4 14.500h8",
  star: "m10 3 2.200 4.600 5 .700-3.600 3.500.900 5L10 14.400l-4.500 2.400.900-5L2.800 8.300l5-.700Z",
  "star-full": "m10 3 2.200 4.600 5 .700-3.600 3.500.900 5L10 14.400l-4.500 2.400.900-5L2.800 8.300l5-.700Z",
  pencil: "M4 16l.8-3.500L13.300 4l2.700 2.700-8.500 8.500ZM11.800 5.500l2.700 2.700",
  bin: "M4 6h12M8 6V4h4v2M5.500 6l.700 10h7.600l.700-10",
  keys: "M2.500 6h15v9h-15zM5.500 9h.010M8.500 9h.010M11.500 9h.010M14.500 9h.010M6.500 12h7",
  theme: "M10 3a7 7 0 1 0 7 7 5.500 5.500 0 0 1-7-7Z",
  volume: "M3 8v4h3l4 3V5L6 8Zm10-.500a3.500 3.500 0 0 1 0 5M15 5a7 7 0 0 1 0 10",
  lock: "M5 9h10v7H5zM7 9V6.500a3 3 0 0 1 6 0V9",
  unlock: "M5 9h10v7H5zM7 9V6.500a3 3 0 0 1 5.500-1.500",
  more: "M3 6h8m4 0h2M3 14h2m4 0h8M11 4v4M9 12v4",
  longer: "M3 10h11m-3.500-4L14.500 10l-4 4M17.500 4v12",
  send: "M10 16V4.500m-4.500 4.500L10 4.200 14.500 9",
  fit: "M3 10h14M6 7l-3 3 3 3m8-6 3 3-3 3",
};
const SVG = "http://www.w3.org/2000/svg";

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  if (SOLID.has(name)) svg.classList.add("solid");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** Adds an icon to every element with `data-icon`. */
export function drawIcons(within) {
  for (const element of within.querySelectorAll("[data-icon]")) setIcon(element, element.dataset.icon);
}

export function setIcon(element, name) {
  element.querySelector(":scope > svg.icon")?.remove();
  element.prepend(icon(name));
}
