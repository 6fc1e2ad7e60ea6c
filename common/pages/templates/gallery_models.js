"use strict";
// The models of a gallery: which columns are shown, and the pixels that are right in one model and wrong in another.
const galleryModels = (() => {
  const { element } = galleryFrame;
  const { IGNORE } = galleryPixels;

  class Models {
    constructor(gallery) {
      this.gallery = gallery;
      this.chips = [...gallery.root.querySelectorAll("[data-column]")];
      this.rows = [...gallery.root.querySelectorAll("[data-columns]")];
      this.chips.forEach((chip) => chip.addEventListener("click", () => this.switch(chip)));
      this.rows.forEach((row) => row.addEventListener("scroll", () => this.follow(row), { passive: true }));
      for (const name of ["right", "wrong"]) gallery.find(name)?.addEventListener("change", () => this.compare());
    }

    switch(chip) {
      const isOn = chip.getAttribute("aria-pressed") !== "true";
      chip.setAttribute("aria-pressed", String(isOn));
      this.gallery.root.querySelectorAll(`[data-model="${chip.dataset.column}"]`).forEach((column) => {
        column.hidden = !isOn;
      });
    }

    // All rows are scrolled to the same models.
    follow(scrolled) {
      for (const row of this.rows) if (row.scrollLeft !== scrolled.scrollLeft) row.scrollLeft = scrolled.scrollLeft;
    }

    // Leaves frames that have pixels right in one model and wrong in the other, those with most of them first.
    async compare() {
      const { gallery } = this;
      const [right, wrong] = ["right", "wrong"].map((name) => gallery.find(name).value);
      const isOn = right !== "" && wrong !== "" && right !== wrong;
      const compared = isOn ? { right: Number(right), wrong: Number(wrong) } : null;
      gallery.look.compared = compared;
      for (const frame of gallery.frames) {
        const share = compared ? await this.share(frame, compared) : null;
        if (gallery.look.compared !== compared) return; // another choice was made meanwhile
        frame.compared = share;
        this.remark(frame, compared);
      }
      gallery.sort();
      gallery.filter();
      await gallery.repaint();
    }

    async share(frame, { right, wrong }) {
      const { truth, predictions } = await frame.unpacked();
      const [good, bad] = [predictions[right], predictions[wrong]];
      if (!truth || !good || !bad) return 0;
      let [counted, found] = [0, 0];
      for (let i = 0; i < truth.length; i += 1) {
        if (truth[i] === IGNORE) continue;
        counted += 1;
        if (good[i] === truth[i] && bad[i] !== truth[i]) found += 1;
      }
      return counted ? found / counted : 0;
    }

    remark(frame, compared) {
      frame.item.querySelector("[data-compared]")?.remove();
      if (!compared) return;
      const [right, wrong] = [compared.right, compared.wrong].map((index) => frame.values.titles[index]);
      const share = (100 * frame.compared).toFixed(1);
      const text = `${share} % of the pixels are right in ${right} and wrong in ${wrong}; the error map of ${wrong} marks these.`;
      const line = element("p", "note name", text);
      line.dataset.compared = "";
      frame.item.querySelector("h3").after(line);
    }
  }

  return { Models };
})();
