// The library of pieces on the server: search, open, rename, star and delete.

import { api } from "./api.js";
import { $, debounced, h } from "./dom.js";
import { icon } from "./icons.js";
import { attempt, tell } from "./notices.js";
import { state } from "./state.js";
import { describe } from "./takes.js";

const PAGE = 30;
const RECENT = 3;

export class Library {
  #next = null;

  constructor(studio) {
    this.studio = studio;
    this.dialog = $("#library");
    this.search = $("#library-search");
    this.starred = $("#library-starred");
    $("#open-library").addEventListener("click", () => this.open());
    $("#close-library").addEventListener("click", () => this.dialog.close());
    $("#library-more").addEventListener("click", () => attempt(() => this.#load(true)));
    $("#new-piece").addEventListener("click", () => {
      this.dialog.close();
      studio.close();
      $("#prompt").value = "";
      $("#prompt").dispatchEvent(new Event("input"));
      $("#prompt").focus();
    });
    this.search.addEventListener("input", debounced(() => attempt(() => this.#load()), 200));
    this.starred.addEventListener("change", () => attempt(() => this.#load()));
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    state.watch(["piece"], () => attempt(() => this.#recent()));
  }

  open() {
    if (this.dialog.open) return this.dialog.close();
    this.dialog.showModal();
    return attempt(() => this.#load());
  }

  async #load(isMore = false) {
    const query = { limit: PAGE };
    if (this.search.value.trim()) query.search = this.search.value.trim();
    if (this.starred.checked) query.starred = true;
    if (isMore && this.#next) query.before = this.#next;
    const { pieces, next } = await api.pieces(query);
    this.#next = next;
    const rows = pieces.map((piece) => this.#row(piece));
    if (isMore) $("#library-list").append(...rows);
    else $("#library-list").replaceChildren(...rows);
    $("#library-more").hidden = !next;
    $("#library-empty").hidden = isMore || rows.length > 0;
  }

  #row(piece) {
    const open = h("button", {
      class: "entry", type: "button", "aria-label": `Open ${piece.title}`,
      "aria-current": piece.id === state.piece?.id ? "true" : null,
      on: { click: () => { this.dialog.close(); attempt(() => this.studio.open(piece.id)); } },
    }, h("span", { class: "title", text: piece.title }), h("span", { class: "facts", text: factsOf(piece) }));
    return h("li", { "data-piece": piece.id }, open, this.#star(piece), this.#rename(piece, open), this.#bin(piece));
  }

  #star(piece) {
    const button = h("button", { class: "plain star", type: "button", title: "Star" });
    const show = () => {
      button.setAttribute("aria-label", `${piece.starred ? "Unstar" : "Star"} ${piece.title}`);
      button.setAttribute("aria-pressed", piece.starred);
      button.replaceChildren(icon(piece.starred ? "star-full" : "star"));
    };
    button.addEventListener("click", () => attempt(async () => {
      piece = await api.change(piece.id, { starred: !piece.starred });
      show();
    }));
    show();
    return button;
  }

  #rename(piece, entry) {
    const start = () => {
      const input = h("input", { class: "rename", value: piece.title, maxlength: 200, "aria-label": `New name for ${piece.title}` });
      let isOver = false;
      const end = (isKept) => {
        if (isOver) return;
        isOver = true;
        const title = input.value.trim();
        input.replaceWith(entry);
        entry.focus();
        if (!isKept || !title || title === piece.title) return;
        attempt(async () => {
          piece = await api.change(piece.id, { title });
          entry.querySelector(".title").textContent = piece.title;
        });
      };
      input.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== "Escape") return;
        event.preventDefault(); // or Enter would open the piece, and Escape close the list
        end(event.key === "Enter");
      });
      input.addEventListener("blur", () => end(true));
      entry.replaceWith(input);
      input.select();
    };
    return h("button", { class: "plain", type: "button", title: "Rename", "aria-label": `Rename ${piece.title}`, on: { click: start } }, icon("pencil"));
  }

  /** Deletes after a second click, to prevent accidents. */
  #bin(piece) {
    const button = h("button", { class: "plain bin", type: "button", title: "Delete", "aria-label": `Delete ${piece.title}` }, icon("bin"));
    button.addEventListener("click", () => {
      if (!button.classList.contains("sure")) {
        button.classList.add("sure");
        button.replaceChildren("Delete?");
        button.setAttribute("aria-label", `Confirm deleting ${piece.title}`);
        return;
      }
      attempt(async () => {
        await api.remove(piece.id);
        button.closest("li").remove();
        if (state.piece?.id === piece.id) this.studio.close();
        tell(`“${piece.title}” was deleted.`);
      });
    });
    return button;
  }

  /** The most recent pieces, on the empty page. */
  async #recent() {
    if (state.piece) return;
    const { pieces } = await api.pieces({ limit: PAGE });
    const titles = new Map(pieces.toReversed().map((piece) => [piece.title, piece]));
    const recent = [...titles.values()].sort((a, b) => b.created.localeCompare(a.created)).slice(0, RECENT);
    $("#recent").hidden = !recent.length;
    $("#recent ul").replaceChildren(...recent.map((piece) => h("li", {}, h("button", {
      type: "button", class: "entry", on: { click: () => attempt(() => this.studio.open(piece.id)) },
    }, h("span", { class: "title", text: piece.title }), h("span", { class: "facts", text: factsOf(piece) })))));
  }
}

function factsOf(piece) {
  const time = new Date(piece.created).toLocaleString(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  return [time, piece.kind === "edit" && describe(piece), `${piece.bars} bars`, piece.key, `${Math.round(piece.tempo)} BPM`, piece.instruments.slice(0, 4).join(", ")].filter(Boolean).join(" · ");
}
