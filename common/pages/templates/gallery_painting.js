"use strict";
// One frame of a gallery: unpacks its masks when they are first needed, paints its pictures, reads classes at a point.
const galleryFrame = (() => {
  const px = galleryPixels;
  // Boxes narrower than this share of a picture show their text only when enlarged.
  const SMALL_BOX = 0.06;

  const element = (tag, className, text = "") => {
    const made = document.createElement(tag);
    made.className = className;
    made.textContent = text;
    return made;
  };

  const percent = (share) => `${100 * share}%`;

  async function unpackFrame(values, length) {
    const unpack = (text) => (text === null ? null : px.unpack(text, length));
    const [truth, instances, ...predictions] = await Promise.all([
      unpack(values.truth),
      values.instances === null ? null : px.unpackNumbers(values.instances, length),
      ...values.predictions.map(unpack),
    ]);
    return { truth, instances, predictions };
  }

  class Frame {
    constructor(item, gallery) {
      this.item = item;
      this.gallery = gallery;
      this.values = JSON.parse(item.querySelector("[data-frame-values]").textContent);
      this.pictures = [...item.querySelectorAll(".picture")];
      this.readout = item.querySelector(".readout");
      const sized = item.querySelector("canvas, img");
      this.width = sized ? Number(sized.getAttribute("width")) : 1;
      this.height = sized ? Number(sized.getAttribute("height")) : 1;
      this.paintedAt = -1;
      this.planes = null;
      this.compared = null;
    }

    get name() {
      return this.values.name;
    }

    // By the metric that the page is turned to.
    score(index) {
      const scores = this.values.scores[index] ?? [];
      return scores[Math.min(this.gallery.metric, scores.length - 1)] ?? null;
    }

    unpacked() {
      this.planes ??= unpackFrame(this.values, this.width * this.height);
      return this.planes;
    }

    // Paints what has changed since the last time; resolves when the canvases are filled.
    async paint() {
      const planes = await this.unpacked();
      if (this.paintedAt === this.gallery.version) return;
      this.paintedAt = this.gallery.version;
      this.pictures.forEach((picture) => this.paintPicture(picture, planes));
      this.item.dataset.painted = "yes";
    }

    paintPicture(picture, planes) {
      const canvas = picture.querySelector("canvas");
      if (!canvas) return;
      this.putPhotoUnder(picture, canvas);
      const context = canvas.getContext("2d");
      const image = context.createImageData(this.width, this.height);
      const predicted = planes.predictions[Number(picture.dataset.index)];
      const { look } = this.gallery;
      const kind = picture.dataset.kind;
      if (kind === "truth") px.paintClasses(image, planes.truth, look);
      if (kind === "prediction") px.paintClasses(image, predicted, look);
      if (kind === "errors") px.paintErrors(image, planes.truth, predicted, look, this.rightElsewhere(picture, planes));
      if (kind === "objects") this.paintObjects(picture, image, planes.instances);
      context.putImageData(image, 0, 0);
    }

    // The prediction that must be right where this picture marks an error; null for none.
    rightElsewhere(picture, planes) {
      const { compared } = this.gallery.look;
      return compared?.wrong === Number(picture.dataset.index) ? planes.predictions[compared.right] : null;
    }

    // The photograph is stored once, in the first picture of a frame.
    putPhotoUnder(picture, canvas) {
      const photo = this.item.querySelector('[data-kind="photo"] img');
      if (!photo || picture.querySelector("img")) return;
      const copy = element("img", "under");
      copy.alt = "";
      copy.src = photo.src;
      canvas.before(copy);
    }

    isObjectShown(number) {
      const { class: index } = this.values.objects[number - 1];
      return index === null || this.gallery.look.shown[index] === 1;
    }

    paintObjects(picture, image, numbers) {
      const { objects } = this.values;
      px.paintObjects(image, numbers, objects.length, (number) => this.isObjectShown(number));
      const stage = picture.querySelector(".stage");
      stage.querySelectorAll(".box").forEach((box) => box.remove());
      objects.forEach((object, i) => {
        if (this.isObjectShown(i + 1)) stage.append(this.makeBox(object, i + 1));
      });
    }

    makeBox({ text, box: [left, top, width, height] }, number) {
      const box = element("div", "box");
      box.append(element("span", "name", text));
      box.classList.toggle("small", width < SMALL_BOX);
      box.classList.toggle("at-top", top < 0.08);
      box.classList.toggle("at-right", left > 0.6);
      Object.assign(box.style, {
        left: percent(left), top: percent(top), width: percent(width), height: percent(height),
        borderColor: `rgb(${px.objectColor(number).join(" ")})`,
      });
      return box;
    }

    // Describes the masks at a point in one line; x and y are shares of width and height.
    async read(x, y) {
      const planes = await this.planes;
      if (!planes) return "";
      const column = Math.min(this.width - 1, Math.floor(x * this.width));
      const row = Math.min(this.height - 1, Math.floor(y * this.height));
      const i = row * this.width + column;
      const named = (value) => this.gallery.className(value);
      const parts = planes.truth ? [`truth: ${named(planes.truth[i])}`] : [];
      planes.predictions.forEach((plane, k) => {
        const isWrong = planes.truth && planes.truth[i] !== px.IGNORE && planes.truth[i] !== plane[i];
        parts.push(`${this.values.titles[k]}: ${named(plane[i])}${isWrong ? " (wrong)" : ""}`);
      });
      const object = planes.instances && this.values.objects[planes.instances[i] - 1];
      if (object) parts.push(`object: ${object.text}`);
      return parts.join("  ·  ");
    }

    // Marks the point in all pictures and says what is there.
    async point(x, y) {
      for (const picture of this.pictures) {
        const stage = picture.querySelector(".stage");
        const mark = stage.querySelector(".point") ?? stage.appendChild(element("div", "point"));
        Object.assign(mark.style, { left: percent(x), top: percent(y) });
      }
      this.say(await this.read(x, y));
    }

    unpoint() {
      this.item.querySelectorAll(".point").forEach((mark) => mark.remove());
    }

    say(text) {
      if (this.readout.textContent !== text) this.readout.textContent = text;
    }
  }

  return { Frame, element, percent };
})();
