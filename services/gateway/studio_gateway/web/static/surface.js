// A laid surface as an index map, and its edits: the same as the server's, so that they are shown immediately.

import { TIMEOUT_MS, untilAnswered } from "./api.js";
import { t } from "./messages.js";

const rgbOf = (hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
const packed = (red, green, blue) => (red << 16) | (green << 8) | blue;

const NOTHING = 255; // the index of what lies outside the surface's outline

/** Read a picture: { codes, indices (Uint8Array), width, height }. `colours`: [{ code, hex }]. Throws on other colours. */
export async function readSurface(url, colours) {
  const file = await untilAnswered(async () => (await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })).blob());
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const codeOf = new Map(colours.map(({ code, hex }) => [packed(...rgbOf(hex)), code]));
  const places = new Map();
  const codes = [];
  const indices = new Uint8Array(width * height).fill(NOTHING);
  for (let i = 0, pixel = 0; i < indices.length; i += 1, pixel += 4) {
    if (!data[pixel + 3]) continue;
    const value = packed(data[pixel], data[pixel + 1], data[pixel + 2]);
    if (!places.has(value)) {
      if (!codeOf.has(value)) throw new Error(t("edit.other_colour"));
      places.set(value, codes.length);
      codes.push(codeOf.get(value));
    }
    indices[i] = places.get(value);
  }
  return { codes, indices, width, height };
}

/** The surface after one edit; the sides are { width_m, height_m } of the surface before it. */
export function edited(surface, edit, sides) {
  if (edit.kind === "recolour") return recoloured(surface, edit, sides);
  if (edit.kind === "turn") return Array.from({ length: edit.quarters }).reduce(turned, surface);
  return mirrored(surface, edit.swap);
}

function recoloured({ codes, indices, width, height }, { colour, to, at }, sides) {
  const old = codes.indexOf(colour);
  if (old < 0) return { codes, indices, width, height };
  const next = codes.includes(to) ? codes : [...codes, to];
  const now = next.indexOf(to);
  const changed = indices.slice();
  if (at) {
    const column = Math.min(Math.floor((at[0] / (sides.width_m * 1000)) * width), width - 1);
    const row = Math.min(Math.floor((at[1] / (sides.height_m * 1000)) * height), height - 1);
    fill(changed, width, row * width + column, old, now);
  } else {
    for (let i = 0; i < changed.length; i += 1) if (changed[i] === old) changed[i] = now;
  }
  return { codes: next, indices: changed, width, height };
}

/** Fill the piece of `old` at a pixel, in place; edges join pixels, corners do not. */
function fill(indices, width, start, old, now) {
  if (indices[start] !== old) return;
  indices[start] = now;
  const waiting = [start];
  while (waiting.length) {
    const at = waiting.pop();
    const column = at % width;
    const beside = [column > 0 ? at - 1 : -1, column < width - 1 ? at + 1 : -1, at - width, at + width];
    for (const next of beside) {
      if (next >= 0 && next < indices.length && indices[next] === old) {
        indices[next] = now;
        waiting.push(next);
      }
    }
  }
}

function mirrored({ codes, indices, width, height }, swap) {
  const changed = new Uint8Array(indices.length);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const from = swap === "left_right" ? row * width + width - 1 - column : (height - 1 - row) * width + column;
      changed[row * width + column] = indices[from];
    }
  }
  return { codes, indices: changed, width, height };
}

function turned({ codes, indices, width, height }) {
  const changed = new Uint8Array(indices.length);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) changed[column * height + height - 1 - row] = indices[row * width + column];
  }
  return { codes, indices: changed, width: height, height: width };
}

/** The code at a place, given as shares of width and height; undefined where nothing is laid. */
export const codeAt = ({ codes, indices, width, height }, x, y) =>
  codes[indices[Math.min(height - 1, Math.floor(y * height)) * width + Math.min(width - 1, Math.floor(x * width))]];

/** Codes with their shares, most common first. */
export function sharesOf({ codes, indices }) {
  const counts = codes.map(() => 0);
  for (const index of indices) if (index !== NOTHING) counts[index] += 1;
  const laid = counts.reduce((sum, count) => sum + count, 0);
  return codes.map((code, i) => ({ code, share: counts[i] / laid })).filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
}

/** Paint the surface on a canvas. `hexOf` gives the colour of a code. */
export function paint(canvas, { codes, indices, width, height }, hexOf) {
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const colours = codes.map((code) => {
    const [red, green, blue] = rgbOf(hexOf(code));
    return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0; // little-endian RGBA
  });
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i += 1) pixels[i] = colours[indices[i]] ?? 0;
  context.putImageData(image, 0, 0);
}
