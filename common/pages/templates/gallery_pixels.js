"use strict";
// Values and colours of masks: unpacks planes, makes palettes, paints class indices into image data.
// A palette is { solid, dark, kinds }: two tables of 256 colours and the pattern of each class; pattern 0 has none.
const galleryPixels = (() => {
  const IGNORE = 255;
  const MARK = [255, 176, 0];
  const NEUTRAL = [128, 132, 138];
  // Hues that people with any colour vision tell apart, after M. Okabe and K. Ito, "Color Universal Design", 2008.
  const SAFE_HUES = [
    [86, 180, 233], [213, 94, 0], [0, 158, 115], [240, 228, 66], [0, 114, 178], [204, 121, 167], [230, 159, 0], [235, 235, 235],
  ];
  const TILE = 8;
  // Which cells of a tile of 8 x 8 are dark, by pattern.
  const PATTERNS = [
    () => false,
    (x, y) => (x + y) % 8 < 3,
    (x, y) => y % 4 < 1,
    (x, y) => x % 4 < 2 && y % 4 < 2,
    (x, y) => (x - y + 8) % 8 < 3,
    (x, y) => x % 4 < 1,
    (x, y) => x % 8 < 2 || y % 8 < 2,
  ];
  const TILES = PATTERNS.map((isDark) =>
    Uint8Array.from({ length: TILE * TILE }, (_, i) => Number(isDark(i % TILE, Math.floor(i / TILE)))));

  const canUnpack = () => typeof DecompressionStream === "function";

  // The bytes of a canvas pixel are red, green, blue, opacity in this order on every machine.
  const toPixel = ([red, green, blue], opacity = 255) =>
    new Uint32Array(Uint8Array.of(red, green, blue, opacity).buffer)[0];

  // The bytes of a packed plane; refuses more than `length` bytes, which is not a plane of this frame.
  async function unpack(text, length) {
    const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
    const bytes = new Uint8Array(length);
    let filled = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (filled + value.length > length) throw new Error("a mask of this page is larger than its picture");
      bytes.set(value, filled);
      filled += value.length;
    }
    if (filled !== length) throw new Error("a mask of this page is smaller than its picture");
    return bytes;
  }

  async function unpackNumbers(text, count) {
    const bytes = new DataView((await unpack(text, 2 * count)).buffer);
    return Uint16Array.from({ length: count }, (_, i) => bytes.getUint16(2 * i, true));
  }

  const darken = (color) => color.map((value) => Math.round(value * 0.4));

  // `classes` in the order of the legend: the most frequent ones get plain colours.
  function makePalette(classes, isSafe) {
    const solid = new Uint32Array(256).fill(toPixel(NEUTRAL));
    const dark = new Uint32Array(256).fill(toPixel(darken(NEUTRAL)));
    const kinds = new Uint8Array(256);
    classes.filter((item) => item.index !== IGNORE).forEach((item, rank) => {
      const color = isSafe ? SAFE_HUES[rank % SAFE_HUES.length] : item.color;
      solid[item.index] = toPixel(color);
      dark[item.index] = toPixel(darken(color));
      kinds[item.index] = isSafe ? Math.floor(rank / SAFE_HUES.length) % PATTERNS.length : 0;
    });
    kinds[IGNORE] = 4;
    return { solid, dark, kinds };
  }

  // Calls `choose(i, isDark)` for each pixel; isDark(kind) tells whether a pattern is dark there.
  function paint(image, choose) {
    const { width, height } = image;
    const pixels = new Uint32Array(image.data.buffer);
    const cell = Math.max(1, Math.round(width / 320));
    let place = 0;
    const isDark = (kind) => TILES[kind][place];
    for (let y = 0, i = 0; y < height; y += 1) {
      const row = (Math.floor(y / cell) % TILE) * TILE;
      for (let x = 0; x < width; x += 1, i += 1) {
        place = row + (Math.floor(x / cell) % TILE);
        pixels[i] = choose(i, isDark);
      }
    }
  }

  // Paints class indices in their colours; classes that are switched off stay transparent.
  function paintClasses(image, classes, { palette, shown }) {
    const { solid, dark, kinds } = palette;
    paint(image, (i, isDark) => {
      const value = classes[i];
      if (!shown[value]) return 0;
      return kinds[value] && isDark(kinds[value]) ? dark[value] : solid[value];
    });
  }

  // Marks wrong pixels; correct ones stay transparent, those without a class are hatched. With `other`, only pixels that
  // are right there are marked.
  function paintErrors(image, truth, predicted, { shown }, other = null) {
    const mark = toPixel(MARK);
    const neutral = [toPixel(NEUTRAL, 130), toPixel(NEUTRAL, 30)];
    paint(image, (i, isDark) => {
      if (truth[i] === IGNORE) return neutral[isDark(4)];
      if (truth[i] === predicted[i] || (other && other[i] !== truth[i])) return 0;
      return shown[truth[i]] || shown[predicted[i]] ? mark : 0;
    });
  }

  // Neighbouring numbers get hues far apart: steps of the golden angle.
  const objectHue = (number) => Math.round((number * 137.508) % 360);

  function objectColor(number) {
    const hue = objectHue(number);
    const lightness = 0.55 + 0.1 * ((number % 3) - 1);
    const channel = (offset) => {
      const k = (offset + hue / 30) % 12;
      return Math.round(255 * (lightness - 0.8 * Math.min(lightness, 1 - lightness) * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
    };
    return [channel(0), channel(8), channel(4)];
  }

  // Paints objects, each in its colour; `isShown(number)` tells which ones.
  function paintObjects(image, numbers, count, isShown) {
    const table = new Uint32Array(65536);
    for (let number = 1; number <= count; number += 1) {
      if (isShown(number)) table[number] = toPixel(objectColor(number));
    }
    paint(image, (i) => table[numbers[i]]);
  }

  return { IGNORE, canUnpack, unpack, unpackNumbers, makePalette, paintClasses, paintErrors, paintObjects, objectColor };
})();
