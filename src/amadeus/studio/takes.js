// The takes of a piece, as buttons; two can be compared while they play.

import { $, h } from "./dom.js";
import { attempt } from "./notices.js";
import { state } from "./state.js";

export class Takes {
  constructor(studio, prompt) {
    this.studio = studio;
    $("#swap").addEventListener("click", () => studio.swap());
    $("#another").addEventListener("click", () => attempt(() => studio.another()));
    $("#like").addEventListener("click", () => prompt.like(state.piece));
    $("#continue").addEventListener("click", () => attempt(() => studio.continue(8)));
    state.watch(["takes", "piece", "other", "job", "info"], () => this.#show());
  }

  #show() {
    const { piece, other, takes, job } = state;
    $("#takes-row").hidden = !piece;
    $("#takes").replaceChildren(...takes.map((take, n) => this.#take(take, n)));
    $("#takes [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    $("#another").disabled = Boolean(job) || !piece?.id || piece.about.kind === "import";
    $("#like").hidden = !state.info?.profile;
    $("#like").disabled = !piece?.notes.length || !piece.id;
    $("#continue").disabled = Boolean(job) || !piece?.id;
    $("#swap").hidden = !other || Boolean(job);
    if (other) this.#showSwap();
  }

  #showSwap() {
    const [a, b] = $("#swap").children;
    const isFirst = letter(state.piece) === "A";
    a.classList.toggle("on", isFirst);
    b.classList.toggle("on", !isFirst);
    $("#swap").setAttribute("aria-label", `Compare: playing take ${isFirst ? "A" : "B"}; switch to ${isFirst ? "B" : "A"}`);
  }

  #take(take, n) {
    const isCurrent = take.id === state.piece?.id;
    const mark = state.other && (isCurrent || take.id === state.other.id) ? letter({ id: take.id }) : null;
    const words = describe(take);
    return h("li", {}, h("button", {
      class: "take", type: "button", "aria-current": isCurrent ? "true" : null, "data-take": take.id,
      "aria-label": `Take ${n + 1}: ${words}`, title: take.title,
      on: { click: () => isCurrent || attempt(() => this.studio.open(take.id)) },
    }, h("b", { text: n + 1 }), h("span", { text: words }), mark && h("i", { text: mark })));
  }
}

/** Of the two compared takes, the earlier one is A. */
function letter({ id }) {
  const at = (one) => state.takes.findIndex((take) => take.id === one);
  const rival = id === state.piece?.id ? state.other.id : state.piece.id;
  return at(id) < at(rival) ? "A" : "B";
}

/** A short description of how a take was made. */
export function describe({ kind, settings, bars }) {
  if (kind === "import") return "imported";
  if (kind === "compose") return "composed";
  if (kind === "continue") return `${settings.bars ?? 8} more bars`;
  const where = !settings.bars ? "" : settings.bars[0] === settings.bars[1] ? `bar ${settings.bars[0]}` : `bars ${settings.bars[0]}–${settings.bars[1] ?? bars}`;
  if (settings.add?.length) return [`+ ${settings.add.join(", ")}`, where].filter(Boolean).join(", ");
  const { length } = settings.notes ?? [];
  const notes = length ? `${length} ${length === 1 ? "note" : "notes"}` : "";
  const what = settings.vary ? "varied" : (settings.resample ?? []).slice(0, 2).join(", ");
  const parts = (settings.parts ?? []).map(everydayName).join(", ");
  return [notes, where, parts, what].filter(Boolean).join(", ") || "rewritten";
}

/** "violin" for "program 40". */
function everydayName(part) {
  const number = part.match(/^program (\d+)$/)?.[1];
  return state.info?.instruments[number]?.name ?? part;
}
