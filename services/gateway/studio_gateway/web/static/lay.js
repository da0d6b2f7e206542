// Pictures as they lie on the surface: cropped, framed or repeated as the plan says, never stretched.

import { h, metres, styled, svg } from "./dom.js";
import { t } from "./messages.js";
import { ruleText } from "./options.js";

/**
 * Where copies of a picture lie, as shares of the surface: [{ left, top, width, height, flipX, flipY }].
 * full covers the surface, framed fits inside it, tiled fits the short side and repeats outwards, every other mirrored.
 */
export function places(layout, surface, picture) {
  const ratio = surface.width_m / surface.height_m / (picture.width / picture.height);
  const [width, height] = layout === "full"
    ? [Math.max(1, 1 / ratio), Math.max(1, ratio)]
    : [Math.min(1, 1 / ratio), Math.min(1, ratio)];
  const repeats = (side) => (layout === "tiled" ? Math.ceil((1 / side - 1) / 2 - 1e-9) : 0);
  const [across, down] = [repeats(width), repeats(height)];
  const copies = [];
  for (let row = -down; row <= down; row += 1) {
    for (let column = -across; column <= across; column += 1) {
      copies.push({ left: 0.5 + (column - 0.5) * width, top: 0.5 + (row - 0.5) * height, width, height,
        flipX: column % 2 !== 0, flipY: row % 2 !== 0 });
    }
  }
  return copies;
}

/** Whether a picture has the surface's own shape already. */
export const fits = (surface, picture) =>
  Math.abs(Math.log(surface.width_m / surface.height_m / (picture.width / picture.height))) < 0.02;

/** The outline of a surface as a CSS shape with holes: each ring comes back to the border's first point. */
function shape({ outline, width_m: width, height_m: height }) {
  const [start] = outline.outer;
  const rings = [outline.outer, ...outline.holes].flatMap((ring) => [...ring, ring[0], start]);
  return `polygon(evenodd, ${rings.map(([x, y]) => `${(x / width) * 100}% ${(y / height) * 100}%`).join(", ")})`;
}

/** A layer that shows the picture on the surface, cut at its outline; it fills its parent, which has the surface's shape. */
export function layer(job, picture, alt) {
  const { surface } = job.brief;
  const layout = fits(surface, picture) ? "full" : job.plan?.layout ?? "full";
  const palette = job.plan?.directions[0].palette ?? [];
  const base = palette.find((colour) => colour.role === "base") ?? palette[0];
  const beyond = (share) => (layout === "tiled" ? `calc(${percent(share)} + 1px)` : percent(share));
  const percent = (share) => `${share * 100}%`;
  const images = places(layout, surface, picture).map((place, i) =>
    styled(h("img", { src: picture.url, alt: i === 0 ? alt : "", draggable: "false" }), {
      left: percent(place.left), top: percent(place.top),
      width: beyond(place.width), height: beyond(place.height), // else the ground shows between two copies
      transform: `scale(${place.flipX ? -1 : 1}, ${place.flipY ? -1 : 1})`,
    }));
  return styled(h("div", { class: surface.outline ? "laid cut" : "laid" }, images), { "--base": base?.hex ?? "transparent", ...(surface.outline ? { "clip-path": shape(surface) } : {}) });
}

/** Boxes of the violations; they are given in millimetres from the surface's top left corner. */
export function marks(violations, surface) {
  const [width, height] = [surface.width_m * 1000, surface.height_m * 1000];
  const least = Math.max(width, height) / 60;
  const boxes = violations.map(({ rule, box: [left, top, across, down] }) => {
    const [w, hgt] = [Math.max(across, least), Math.max(down, least)];
    return svg("rect", { x: left + (across - w) / 2, y: top + (down - hgt) / 2, width: w, height: hgt, rx: least / 5 }, svg("title", {}, ruleText(rule)));
  });
  return svg("svg", { class: "marks", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" }, ...boxes);
}

/** The surface as laid, `zoom` times as large as its frame, with sides in millimetres and violations where asked for. */
export function laidView(job, picture, { zoom, measured, violations }) {
  const { surface } = job.brief;
  const sheet = h("div", { class: "sheet" }, layer(job, picture, t("laid.picture")),
    violations.length ? marks(violations, surface) : null, measured ? dimensions(surface) : null);
  const frame = h("div", { class: "frame", tabindex: "0", role: "region", "aria-label": t("laid.surface") }, sheet);
  return styled(frame, { "--ratio": surface.width_m / surface.height_m, "--zoom": zoom });
}

const millimetres = (side_m) => `${Math.round(side_m * 1000).toLocaleString("en").replaceAll(",", "\u202f")} mm`;

/** Both sides, and a bar of a round length. */
function dimensions(surface) {
  const bar = [0.1, 0.5, 1, 2, 5, 10, 20].findLast((length) => length <= surface.width_m / 4) ?? 0.1;
  return h("div", { class: "dimensions" },
    h("span", { class: "across" }, millimetres(surface.width_m)), h("span", { class: "down" }, millimetres(surface.height_m)),
    styled(h("span", { class: "bar" }, `${metres(bar)} m`), { width: `${(bar / surface.width_m) * 100}%` }));
}
