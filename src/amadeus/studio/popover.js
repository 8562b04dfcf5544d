// Small panels beside the button that opens them. Only one is open; Escape or a click elsewhere closes it.

import { h } from "./dom.js";

const GAP = 8;

/** Opens a panel at a button; `fill(close)` returns its content. */
export function openPopover(anchor, label, fill) {
  const panel = h("div", { class: "popover", popover: "auto", role: "dialog", "aria-label": label });
  const close = () => panel.matches(":popover-open") && panel.hidePopover();
  panel.append(...[fill(close)].flat());
  // Beside the button in the document, so that Tab moves from the button into the panel.
  anchor.after(panel);
  panel.addEventListener("toggle", (event) => {
    if (event.newState === "open") return;
    anchor.setAttribute("aria-expanded", "false");
    const hadFocus = panel.contains(document.activeElement) || document.activeElement === document.body;
    panel.remove();
    if (hadFocus && anchor.isConnected) anchor.focus();
  });
  panel.showPopover();
  anchor.setAttribute("aria-expanded", "true");
  place(panel, anchor.getBoundingClientRect());
  panel.querySelector("[autofocus], input, select, textarea, button")?.focus();
  return panel;
}

function place(panel, box) {
  const { offsetWidth: width, offsetHeight: height } = panel;
  const left = Math.min(Math.max(GAP, box.left), innerWidth - width - GAP);
  const below = box.bottom + GAP + height < innerHeight || box.top < height + GAP;
  panel.style.left = `${Math.max(GAP, left)}px`;
  panel.style.top = `${Math.max(GAP, Math.min(below ? box.bottom + GAP : box.top - GAP - height, innerHeight - height - GAP))}px`;
}
