// What the page has to say: errors with their remedy, and news for screen readers.

import { $, h } from "./dom.js";
import { icon } from "./icons.js";

const LONG = 12_000; // milliseconds

/** Says something aloud to screen readers, without showing it. */
export function announce(text) {
  $("#announcer").textContent = text;
}

/** Shows an error until it is read; the last one only. */
export function complain(error) {
  const message = error?.message ?? String(error);
  if (!(error instanceof Error) || error.name === "TypeError" || error.name === "ReferenceError") console.error(error);
  show(sentence(message), "error");
}

/** The server's messages begin and end in the middle of a line. */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

/** Tells of something that went well. */
export function tell(message) {
  show(message, "news");
}

export function clearNotices() {
  $("#notices").replaceChildren();
}

function show(message, kind) {
  const notice = h("div", { class: `notice ${kind}`, role: kind === "error" ? "alert" : "status" },
    h("p", { text: message }),
    h("button", { class: "plain", "aria-label": "Dismiss", on: { click: () => notice.remove() } }, icon("close")));
  $("#notices").replaceChildren(notice);
  if (kind !== "error") setTimeout(() => notice.remove(), LONG / 2);
}

/** Runs something that may fail, and says why it did. */
export async function attempt(f) {
  try {
    return await f();
  } catch (error) {
    complain(error);
    return undefined;
  }
}
