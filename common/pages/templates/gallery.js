"use strict";
// The galleries of a page: what is shown, in which order, in which colours. Names are only ever set as text, never as markup.
(() => {
  const px = galleryPixels;
  const PROBLEM = "This browser cannot unpack the masks of this page. A browser of 2023 or later can.";
  // Frames of up to this many pixels in total are painted in spare time, so that they are ready for printing.
  const SPARE_PIXELS = 40e6;
  const NEAR = "400px";

  class Gallery {
    constructor(root) {
      this.root = root;
      this.classes = JSON.parse(root.querySelector("[data-classes]").textContent);
      this.names = new Map(this.classes.map((item) => [item.index, item.name]));
      this.look = { shown: new Uint8Array(256).fill(1), palette: px.makePalette(this.classes, false), compared: null };
      this.metric = 0;
      this.version = 0;
      this.list = root.querySelector(".frames");
      this.frames = [...root.querySelectorAll("[data-frame]")].map((item) => new galleryFrame.Frame(item, this));
      this.byItem = new Map(this.frames.map((frame) => [frame.item, frame]));
      this.near = new Set();
      this.models = new galleryModels.Models(this);
      this.viewer = new galleryViewer.Viewer(root.querySelector("[data-viewer]"), this);
    }

    find(name) {
      return this.root.querySelector(`[data-${name}]`);
    }

    className(value) {
      return this.names.get(value) ?? `class ${value}`;
    }

    visibleFrames() {
      return [...this.list.children].filter((item) => !item.hidden).map((item) => this.byItem.get(item));
    }

    start() {
      this.startControls();
      this.startLegend();
      this.frames.forEach((frame) => this.startFrame(frame));
      this.paintSwatches();
      this.sort();
      this.find("bar").hidden = false;
      this.watch();
      this.startPrinting();
    }

    startControls() {
      this.find("order").addEventListener("change", () => this.sort());
      this.find("find").addEventListener("input", () => this.filter());
      document.querySelectorAll('[name="metric"]').forEach((choice) => this.followMetric(choice));
      this.find("opacity")?.addEventListener("input", () => this.fade());
      this.find("distinct")?.addEventListener("click", (event) => this.switchPalette(event.currentTarget));
      this.fade();
    }

    // The switch of the page between metrics changes which frames are the worst.
    followMetric(choice) {
      const take = () => {
        if (!choice.checked) return;
        this.metric = Number(choice.value) - 1;
        this.sort();
      };
      choice.addEventListener("change", take);
      take();
    }

    startLegend() {
      const legend = this.find("legend");
      if (!legend) return;
      if (window.matchMedia("(max-width: 40rem)").matches) legend.open = false;
      this.chips = [...legend.querySelectorAll("[data-class]")];
      this.chips.forEach((chip) => chip.addEventListener("click", () => this.switchClasses([chip])));
      this.find("all").addEventListener("click", () => this.switchClasses(this.chips, true));
      this.find("none").addEventListener("click", () => this.switchClasses(this.chips, false));
    }

    startFrame(frame) {
      frame.pictures.forEach((picture, position) => {
        const button = picture.querySelector("[data-enlarge]");
        button.hidden = false;
        button.addEventListener("click", () => this.viewer.open(frame, position));
        button.addEventListener("focus", () => frame.say(this.viewer.describe(picture)));
        const stage = picture.querySelector(".stage");
        stage.addEventListener("dblclick", () => this.viewer.open(frame, position));
        this.readPointer(stage, (x, y) => frame.point(x, y));
      });
      frame.item.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && frame.unpoint());
    }

    // Calls `tell` with the place of the pointer in shares of width and height, for hovering and for tapping.
    readPointer(stage, tell) {
      const onPointer = (event) => {
        const { left, top, width, height } = stage.getBoundingClientRect();
        const [x, y] = [(event.clientX - left) / width, (event.clientY - top) / height];
        if (x >= 0 && x < 1 && y >= 0 && y < 1) tell(x, y);
      };
      stage.addEventListener("pointermove", onPointer);
      stage.addEventListener("pointerdown", onPointer);
    }

    fade() {
      const slider = this.find("opacity");
      if (!slider) return;
      this.root.style.setProperty("--opacity", slider.value / 100);
      slider.nextElementSibling.textContent = `${slider.value} %`;
    }

    switchClasses(chips, isOn = null) {
      for (const chip of chips) {
        const turned = isOn ?? chip.getAttribute("aria-pressed") !== "true";
        chip.setAttribute("aria-pressed", String(turned));
        this.look.shown[Number(chip.dataset.class)] = Number(turned);
      }
      this.repaint();
    }

    switchPalette(button) {
      const isSafe = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(isSafe));
      this.look.palette = px.makePalette(this.classes, isSafe);
      this.paintSwatches();
      this.repaint();
    }

    paintSwatches() {
      for (const chip of this.chips ?? []) {
        const canvas = chip.querySelector("canvas");
        const context = canvas.getContext("2d");
        const image = context.createImageData(canvas.width, canvas.height);
        const plane = new Uint8Array(canvas.width * canvas.height).fill(Number(chip.dataset.class));
        px.paintClasses(image, plane, { palette: this.look.palette, shown: new Uint8Array(256).fill(1) });
        context.putImageData(image, 0, 0);
      }
    }

    sort() {
      const [order, index] = this.find("order").value.split(" ");
      const given = (frame) => this.frames.indexOf(frame);
      const scored = (sign) => (a, b) => {
        const [first, second] = [a.score(index), b.score(index)];
        if (first === null || second === null) return Number(first === null) - Number(second === null) || given(a) - given(b);
        return sign * (first - second) || given(a) - given(b);
      };
      const compare = {
        worst: scored(1),
        best: scored(-1),
        name: (a, b) => a.name.localeCompare(b.name) || given(a) - given(b),
        given: (a, b) => given(a) - given(b),
      }[order];
      const most = (a, b) => b.compared - a.compared || compare(a, b);
      const sorted = [...this.frames].sort(this.look.compared ? most : compare);
      this.list.append(...sorted.map((frame) => frame.item));
    }

    filter() {
      const wanted = this.find("find").value.trim().toLowerCase();
      for (const frame of this.frames) {
        frame.item.hidden = !frame.name.toLowerCase().includes(wanted) || frame.compared === 0;
      }
      const [count, total] = [this.visibleFrames().length, this.frames.length];
      const all = `${total} frame${total === 1 ? "" : "s"}`;
      this.find("count").textContent = count === total ? all : `${count} of ${all}`;
    }

    repaint() {
      this.version += 1;
      if (this.viewer.dialog.open) this.viewer.show();
      return Promise.all([...this.near].map((frame) => this.paint(frame)));
    }

    // Paints frames that are on the screen or near it.
    watch() {
      const observer = new IntersectionObserver((entries) => {
        for (const entry of entries) {
          const frame = this.byItem.get(entry.target);
          if (entry.isIntersecting) this.near.add(frame);
          else this.near.delete(frame);
          if (entry.isIntersecting) this.paint(frame);
        }
      }, { rootMargin: NEAR });
      this.frames.forEach((frame) => observer.observe(frame.item));
    }

    async paint(frame) {
      try {
        await frame.paint();
      } catch (error) {
        this.complain(`${frame.name}: ${error.message}`);
      }
    }

    async paintAll() {
      for (const frame of this.frames) await this.paint(frame);
      this.root.dataset.allPainted = String(this.version);
    }

    startPrinting() {
      const print = this.find("print");
      print.addEventListener("click", async () => {
        await this.paintAll();
        window.print();
      });
      window.addEventListener("beforeprint", () => this.paintAll());
      window.matchMedia("print").addEventListener("change", (event) => event.matches && this.paintAll());
      const pixels = this.frames.reduce((sum, frame) => sum + frame.pictures.length * frame.width * frame.height, 0);
      const later = window.requestIdleCallback ?? ((call) => setTimeout(call, 1000));
      if (pixels <= SPARE_PIXELS) later(() => this.paintAll());
    }

    complain(text) {
      const place = this.find("problem");
      place.textContent = text;
      place.hidden = false;
    }
  }

  for (const root of document.querySelectorAll("[data-gallery]")) {
    if (!root.querySelector("[data-frame]")) continue;
    const gallery = new Gallery(root);
    if (px.canUnpack()) gallery.start();
    else gallery.complain(PROBLEM);
  }
})();
