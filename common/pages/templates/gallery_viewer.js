"use strict";
// The enlarged picture of a gallery: a dialog with the frame before and after, and a point that keys can move.
const galleryViewer = (() => {
  const { element, percent } = galleryFrame;
  const STEP = 0.02;
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

  class Viewer {
    constructor(dialog, gallery) {
      this.dialog = dialog;
      this.gallery = gallery;
      this.find = (name) => dialog.querySelector(`[data-${name}]`);
      this.find("previous").addEventListener("click", () => this.go(-1));
      this.find("next").addEventListener("click", () => this.go(1));
      this.find("above").addEventListener("click", () => this.look(-1));
      this.find("below").addEventListener("click", () => this.look(1));
      this.find("close").addEventListener("click", () => dialog.close());
      dialog.addEventListener("keydown", (event) => this.onKey(event));
      dialog.addEventListener("close", () => this.find("viewer-place").replaceChildren());
    }

    open(frame, position) {
      this.frame = frame;
      this.position = position;
      if (!this.dialog.open) this.dialog.showModal();
      this.show();
    }

    // Shows a copy of the picture; the one on the page stays where it is.
    async show() {
      const { frame } = this;
      await frame.paint();
      if (this.frame !== frame) return;
      this.position = clamp(this.position, 0, frame.pictures.length - 1);
      const source = frame.pictures[this.position];
      const copy = source.cloneNode(true);
      const [from, to] = [source, copy].map((picture) => picture.querySelector("canvas"));
      if (from) to.getContext("2d").drawImage(from, 0, 0);
      copy.querySelectorAll(".point").forEach((mark) => mark.remove());
      copy.style.width = `min(100%, calc((100dvh - 11rem) * ${frame.width / frame.height}))`;
      this.stage = copy.querySelector(".stage");
      this.find("viewer-place").replaceChildren(copy);
      this.find("viewer-name").textContent = frame.name;
      this.find("viewer-picture").textContent = source.dataset.heading;
      this.say(this.describe(source));
      this.at = [0.5, 0.5];
      this.gallery.readPointer(this.stage, (x, y) => this.point(x, y));
    }

    describe(picture) {
      const stage = picture.querySelector(".stage");
      return stage.getAttribute("aria-label") ?? stage.querySelector("img").alt;
    }

    say(text) {
      this.find("viewer-readout").textContent = text;
    }

    async point(x, y) {
      this.at = [x, y];
      const mark = this.stage.querySelector(".point") ?? this.stage.appendChild(element("div", "point"));
      Object.assign(mark.style, { left: percent(x), top: percent(y) });
      this.say(await this.frame.read(x, y));
    }

    go(step) {
      const frames = this.gallery.visibleFrames();
      const next = frames.indexOf(this.frame) + step;
      if (next < 0 || next >= frames.length) return;
      this.frame = frames[next];
      this.show();
    }

    look(step) {
      this.position = clamp(this.position + step, 0, this.frame.pictures.length - 1);
      this.show();
    }

    onKey(event) {
      const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!steps || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const [x, y] = steps;
      if (event.shiftKey) {
        this.point(clamp(this.at[0] + x * STEP, 0, 1), clamp(this.at[1] + y * STEP, 0, 1));
      } else if (x) {
        this.go(x);
      } else {
        this.look(y);
      }
    }
  }

  return { Viewer };
})();
