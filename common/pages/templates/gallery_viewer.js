"use strict";
// The enlarged picture of a gallery: a dialog with one picture of a frame or two, side by side or wiped over each other.
// They are zoomed and moved together, and a point that keys can move is read in both.
const galleryViewer = (() => {
  const { element, percent } = galleryFrame;
  const STEP = 0.02;
  const ZOOM = { step: 1.5, most: 32 };
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

  class Viewer {
    constructor(dialog, gallery) {
      this.dialog = dialog;
      this.gallery = gallery;
      this.second = -1;
      this.zoom = { scale: 1, x: 0.5, y: 0.5 };
      this.panes = [];
      this.find = (name) => dialog.querySelector(`[data-${name}]`);
      const clicks = {
        previous: () => this.go(-1), next: () => this.go(1), above: () => this.look(-1), below: () => this.look(1),
        close: () => dialog.close(), smaller: () => this.zoomBy(1 / ZOOM.step), larger: () => this.zoomBy(ZOOM.step),
        whole: () => this.zoomBy(0),
      };
      for (const [name, call] of Object.entries(clicks)) this.find(name).addEventListener("click", call);
      this.find("first").addEventListener("change", (event) => this.choose(Number(event.target.value), this.second));
      this.find("second").addEventListener("change", (event) => this.choose(this.position, Number(event.target.value)));
      this.find("together").addEventListener("change", () => this.show());
      this.find("wipe").addEventListener("input", () => this.wipe());
      dialog.addEventListener("keydown", (event) => this.onKey(event));
      dialog.addEventListener("close", () => this.close());
    }

    open(frame, position) {
      this.frame = frame;
      this.position = position;
      this.zoom = { scale: 1, x: 0.5, y: 0.5 };
      this.at = [0.5, 0.5];
      this.borrow();
      if (!this.dialog.open) this.dialog.showModal();
      this.show();
    }

    close() {
      this.find("viewer-place").replaceChildren();
      this.borrowed.forEach(([part, mark]) => mark.replaceWith(part));
      this.borrowed = [];
    }

    // A dialog shuts off the rest of the page, so legend and opacity come into it while it is open.
    borrow() {
      const parts = ["opacity-label", "legend"].map((name) => this.gallery.find(name)).filter(Boolean);
      this.borrowed ??= [];
      for (const part of parts.filter((one) => !this.dialog.contains(one))) {
        const mark = document.createComment("");
        part.replaceWith(mark);
        this.find("viewer-legend").append(part);
        this.borrowed.push([part, mark]);
      }
    }

    // Shows copies of the pictures; those on the page stay where they are.
    async show() {
      const { frame } = this;
      await frame.paint();
      if (this.frame !== frame) return;
      const last = frame.pictures.length - 1;
      this.position = clamp(this.position, 0, last);
      this.second = Math.min(this.second, last);
      const shown = [this.position, ...(this.second >= 0 ? [this.second] : [])];
      const isWiped = shown.length > 1 && this.find("together").value === "wipe";
      const place = this.find("viewer-place");
      this.panes = shown.map((position) => this.makePane(frame.pictures[position], shown.length > 1));
      place.className = `viewer-place${isWiped ? " wiped" : shown.length > 1 ? " beside" : ""}`;
      this.dialog.style.setProperty("--shape", frame.width / frame.height);
      place.replaceChildren(...this.panes.map((pane) => pane.root));
      this.find("viewer-name").textContent = frame.name;
      this.find("viewer-picture").textContent = shown.map((one) => frame.pictures[one].dataset.heading).join(" | ");
      this.offer(shown.length > 1, isWiped);
      this.say(this.describe(frame.pictures[this.position]));
      this.wipe();
      this.place();
    }

    makePane(source, hasCaption) {
      const [root, copy] = [element("div", "pane"), source.cloneNode(true)];
      const [from, to] = [source, copy].map((picture) => picture.querySelector("canvas"));
      if (from) to.getContext("2d").drawImage(from, 0, 0);
      copy.querySelectorAll(".point").forEach((mark) => mark.remove());
      const stage = copy.querySelector(".stage");
      root.append(copy);
      if (hasCaption) root.append(element("span", "pane-caption name", source.dataset.heading));
      this.gallery.readPointer(stage, (x, y) => this.point(x, y));
      root.addEventListener("pointermove", (event) => event.buttons === 1 && this.drag(event, root));
      root.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
      return { root, stage };
    }

    // Fills the lists of pictures, and shows the controls that have something to do.
    offer(isTwo, isWiped) {
      const { pictures } = this.frame;
      const option = (text, value) => Object.assign(document.createElement("option"), { textContent: text, value });
      const options = () => pictures.map((picture, position) => option(picture.dataset.heading, position));
      this.find("first").replaceChildren(...options());
      this.find("second").replaceChildren(option("nothing", -1), ...options());
      this.find("first").value = this.position;
      this.find("second").value = this.second;
      this.find("together-label").hidden = !isTwo;
      this.find("wipe-label").hidden = !isWiped;
    }

    choose(first, second) {
      this.position = first;
      this.second = second;
      this.show();
    }

    wipe() {
      this.find("viewer-place").style.setProperty("--wipe", `${this.find("wipe").value}%`);
    }

    // Keeps the zoomed part within the picture.
    place() {
      const { zoom } = this;
      const half = 0.5 / zoom.scale;
      zoom.x = clamp(zoom.x, half, 1 - half);
      zoom.y = clamp(zoom.y, half, 1 - half);
      const shift = (middle) => percent(0.5 - middle * zoom.scale);
      for (const { stage } of this.panes) {
        stage.style.transform = `translate(${shift(zoom.x)}, ${shift(zoom.y)}) scale(${zoom.scale})`;
        stage.style.setProperty("--zoom", zoom.scale);
      }
      this.find("zoom").textContent = `${Math.round(100 * zoom.scale)} %`;
      this.find("smaller").disabled = zoom.scale <= 1;
      this.find("larger").disabled = zoom.scale >= ZOOM.most;
    }

    // Zooms and keeps the point of the picture that is read in view; 0 shows the whole picture.
    zoomBy(factor) {
      const scale = factor ? clamp(this.zoom.scale * factor, 1, ZOOM.most) : 1;
      const [x, y] = this.zoom.scale === 1 ? this.at : [this.zoom.x, this.zoom.y];
      this.zoom = { scale, x, y };
      this.place();
    }

    onWheel(event) {
      event.preventDefault();
      this.zoomBy(event.deltaY < 0 ? ZOOM.step : 1 / ZOOM.step);
    }

    drag(event, pane) {
      this.zoom.x -= event.movementX / (pane.clientWidth * this.zoom.scale);
      this.zoom.y -= event.movementY / (pane.clientHeight * this.zoom.scale);
      this.place();
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
      for (const { stage } of this.panes) {
        const mark = stage.querySelector(".point") ?? stage.appendChild(element("div", "point"));
        Object.assign(mark.style, { left: percent(x), top: percent(y) });
      }
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
      this.choose(clamp(this.position + step, 0, this.frame.pictures.length - 1), this.second);
    }

    onKey(event) {
      if (event.altKey || event.ctrlKey || event.metaKey || event.target.matches("select, input")) return;
      const zooms = { "+": ZOOM.step, "=": ZOOM.step, "-": 1 / ZOOM.step, 0: 0 };
      const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (event.key in zooms) this.zoomBy(zooms[event.key]);
      if (!steps) return;
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
