// Notices: errors with their remedy, and announcements for screen readers.

import { $, h } from "./dom.js";
import { icon } from "./icons.js";

const LONG = 12_000; // milliseconds

/** Announces a text to screen readers without showing it. */
export function announce(text) {
  $("#announcer").textContent = text;
}

/** Shows an error until it is dismissed; only the latest one. */
export function complain(error) {
  const message = error?.message ?? String(error);
  if (!(error instanceof Error) || error.name === "TypeError" || error.name === "ReferenceError") console.error(error);
  show(sentence(message), "error");
}

/** Turns a message of the server into a sentence. */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

/** Shows that something succeeded. */
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

/** Runs a function and shows its error if it fails. */
export async function attempt(f) {
  try {
    return await f();
  } catch (error) {
    complain(error);
    return undefined;
  }
}
