// Light or dark theme: the system's, until the user chooses.

import { $ } from "./dom.js";
import { state } from "./state.js";

const system = matchMedia("(prefers-color-scheme: dark)");

export function mountTheme() {
  const apply = () => {
    const theme = localStorage.getItem("theme") ?? (system.matches ? "dark" : "light");
    document.documentElement.dataset.theme = theme;
    $("meta[name=theme-color]").content = theme === "dark" ? "#141311" : "#f4f0e6";
    $("#theme").setAttribute("aria-label", `Switch to ${theme === "dark" ? "light" : "dark"} colours`);
    state.theme = theme;
  };
  system.addEventListener("change", apply);
  $("#theme").addEventListener("click", () => toggleTheme());
  state.addEventListener("retheme", apply);
  apply();
}

export function toggleTheme() {
  localStorage.setItem("theme", state.theme === "dark" ? "light" : "dark");
  state.touch("retheme");
}
