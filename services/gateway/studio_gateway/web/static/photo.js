// The surface in a photograph of the yard: laid between four corners that one moves into place. The photograph stays
// in the browser.

import { h, styled } from "./dom.js";
import { t } from "./messages.js";
import { layer } from "./lay.js";

const START = [[0.25, 0.5], [0.75, 0.5], [0.95, 0.9], [0.05, 0.9]];
const NAMES = [t("photo.far_left"), t("photo.far_right"), t("photo.near_right"), t("photo.near_left")];
const STEP = 0.005;

/** The view; it remembers the photograph and the corners, as shares of its width and height. */
export class Photo {
  constructor() {
    this.corners = START.map((corner) => [...corner]);
    this.strength = 0.9;
  }

  /** Stage and controls for the picture of a job. */
  elements(job, picture) {
    const input = h("input", { type: "file", id: "photo", accept: "image/*", class: "hidden", onchange: () => this.take(input.files[0], job, picture) });
    this.stage = h("div", { class: "photo" });
    const strength = h("input", { type: "range", id: "strength", min: 0.4, max: 1, step: 0.05, value: this.strength, oninput: () => {
      this.strength = strength.valueAsNumber;
      styled(this.stage, { "--strength": this.strength });
    } });
    const controls = h("div", { class: "controls" }, h("label", { class: "button", for: "photo" }, t("photo.choose")), input,
      h("label", { for: "strength" }, t("photo.strength"), strength),
      h("p", { class: "hint" }, t("photo.hint")));
    this.draw(job, picture);
    return [this.stage, controls];
  }

  take(file, job, picture) {
    if (!file) return;
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = URL.createObjectURL(file);
    this.draw(job, picture);
  }

  draw(job, picture) {
    if (!this.url) {
      this.stage.replaceChildren(h("p", { class: "hint" }, t("photo.none")));
      return;
    }
    const photo = h("img", { class: "yard-photo", src: this.url, alt: t("photo.yard") });
    photo.addEventListener("load", () => this.place());
    photo.addEventListener("error", () => this.stage.replaceChildren(h("p", { class: "error" }, t("photo.unreadable"))));
    this.surface = h("div", { class: "in-photo" }, layer(job, picture, t("photo.surface")));
    this.handles = NAMES.map((name, i) => this.handle(name, i));
    this.stage.replaceChildren(photo, this.surface, ...this.handles);
    styled(this.stage, { "--strength": this.strength });
    this.watch?.disconnect();
    this.watch = new ResizeObserver(() => this.place());
    this.watch.observe(this.stage);
  }

  handle(name, i) {
    const handle = h("button", { type: "button", class: "corner", id: `corner-${i}`, "aria-label": t("photo.corner", { name }) });
    handle.addEventListener("pointerdown", (event) => handle.setPointerCapture(event.pointerId));
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const box = this.stage.getBoundingClientRect();
      this.move(i, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    });
    handle.addEventListener("keydown", (event) => {
      const [x, y] = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key] ?? [0, 0];
      if (!x && !y) return;
      event.preventDefault();
      event.stopPropagation();
      this.move(i, this.corners[i][0] + x, this.corners[i][1] + y);
    });
    return handle;
  }

  /** Move a corner, unless the surface would fold over itself. */
  move(i, x, y) {
    const corners = this.corners.map((corner, j) => (j === i ? [Math.min(1, Math.max(0, x)), Math.min(1, Math.max(0, y))] : corner));
    if (!isConvex(corners)) return;
    this.corners = corners;
    this.place();
  }

  place() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!width || !height || !this.surface) return;
    const points = this.corners.map(([x, y]) => [x * width, y * height]);
    styled(this.surface, { width: `${width}px`, height: `${height}px`, transform: projection(points, width, height) });
    this.handles.forEach((handle, i) => { styled(handle, { left: `${this.corners[i][0] * 100}%`, top: `${this.corners[i][1] * 100}%` }); });
  }
}

const cross = ([ax, ay], [bx, by], [cx, cy]) => (bx - ax) * (cy - by) - (by - ay) * (cx - bx);

/** Whether four corners, in order, turn the same way everywhere. */
function isConvex(corners) {
  const turns = corners.map((corner, i) => cross(corner, corners[(i + 1) % 4], corners[(i + 2) % 4]));
  return turns.every((turn) => turn > 1e-5) || turns.every((turn) => turn < -1e-5);
}

/**
 * The CSS transform that maps a box of width × height, its origin at the top left, to four points in order: the
 * projective mapping of a square to a quadrilateral (Heckbert 1989, section 2.2.3).
 */
export function projection([[x0, y0], [x1, y1], [x2, y2], [x3, y3]], width, height) {
  const [dx1, dy1, dx2, dy2] = [x1 - x2, y1 - y2, x3 - x2, y3 - y2];
  const [sx, sy] = [x0 - x1 + x2 - x3, y0 - y1 + y2 - y3];
  const determinant = dx1 * dy2 - dx2 * dy1;
  const g = (sx * dy2 - dx2 * sy) / determinant;
  const k = (dx1 * sy - sx * dy1) / determinant;
  const columns = [x1 - x0 + g * x1, y1 - y0 + g * y1, g].map((value) => value / width);
  const rows = [x3 - x0 + k * x3, y3 - y0 + k * y3, k].map((value) => value / height);
  return `matrix3d(${[columns[0], columns[1], 0, columns[2], rows[0], rows[1], 0, rows[2], 0, 0, 1, 0, x0, y0, 0, 1].join(",")})`;
}
