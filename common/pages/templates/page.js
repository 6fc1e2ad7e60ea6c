"use strict";
// The button that turns a page dark or light. It is not remembered: a page opened from disk cannot store anything.
(() => {
  const root = document.documentElement;
  const button = document.querySelector("[data-theme-button]");
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");

  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches);

  const show = () => {
    button.textContent = isDark() ? "Light theme" : "Dark theme";
  };

  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    show();
  });
  prefersDark.addEventListener("change", show);
  show();
  button.hidden = !CSS.supports("color", "light-dark(#000000, #ffffff)");
})();
