"use strict";
// The values of charts at once and also by touch: the text that a mark, a bar or a cell carries is shown beside the pointer.
// Without this script browsers show the same text after a moment.
(() => {
  const MARGIN = 14;
  const tip = document.createElement("div");
  tip.className = "value-tip name";
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true"); // the same numbers stand in tables
  document.body.append(tip);

  // The text of an element. It is taken out of its title when it is first needed, so that no second tip comes up.
  const textOf = (target) => {
    const place = target.closest?.(".drawing svg [data-value], .drawing svg :has(> title)");
    if (!place || place.matches("svg")) return "";
    const title = place.querySelector(":scope > title");
    if (title) {
      place.dataset.value = title.textContent;
      title.remove();
    }
    return place.dataset.value;
  };

  const show = (event) => {
    const text = textOf(event.target);
    tip.hidden = text === "";
    if (tip.hidden) return;
    tip.textContent = text;
    const { width, height } = tip.getBoundingClientRect();
    const left = Math.min(event.clientX + MARGIN, window.innerWidth - width - 4);
    const above = event.clientY - height - MARGIN;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${above > 0 ? above : event.clientY + MARGIN}px`;
  };

  document.addEventListener("pointermove", show);
  document.addEventListener("pointerdown", show);
  document.addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
})();
