// The outline of a yard that is no rectangle: read from a drawing, clicked on the preview, or written point by point.

import { readOutline } from "./api.js";
import { byId, numberIn } from "./dom.js";
import { t } from "./messages.js";

const SNAP_M = 0.05;
const NEAR = 0.03; // of the longer side: a click so near to a point takes hold of it
const FLAT_M = 0.004; // how far the sides of a round hole may be from the circle

const snapped = (value, most) => Math.min(Math.max(Math.round(value / SNAP_M) * SNAP_M, 0), most);
const written = (points) => points.map((point) => point.map((value) => String(Math.round(value * 1000) / 1000)).join(" ")).join("\n");
const millimetre = (value) => Math.round(value * 1000) / 1000;
const isWhole = (point) => point.every(Number.isFinite);

/** The numbers of each line, with a point or a comma before the decimals. */
const read = (text) => text.split("\n").filter((line) => line.trim())
  .map((line) => line.trim().split(/[\s;]+/).map((part) => Number(part.replace(/,$/, "").replace(",", "."))));

function circle([x, y, across]) {
  const radius = across / 2;
  const count = Math.min(Math.max(Math.ceil(Math.PI / Math.acos(1 - FLAT_M / Math.max(radius, 2 * FLAT_M))), 8), 48);
  return Array.from({ length: count }, (_, i) => [x + radius * Math.cos((2 * Math.PI * i) / count), y + radius * Math.sin((2 * Math.PI * i) / count)]);
}

const areaOf = (ring) => Math.abs(ring.reduce((sum, [x, y], i) => {
  const [nextX, nextY] = ring[(i + 1) % ring.length];
  return sum + x * nextY - nextX * y;
}, 0)) / 2;

/** The outline as it stands in the form; `changed` is called when that changes. */
export class Yard {
  constructor(changed) {
    this.changed = changed;
    this.holes = []; // of a drawing or an earlier brief: those that are no circles
    this.before = [];
    this.view = byId("outline");
    byId("yard-file").addEventListener("change", () => this.takeFile());
    byId("yard-unit").addEventListener("change", () => this.takeFile());
    byId("yard-undo").addEventListener("click", () => this.undo());
    byId("yard-clear").addEventListener("click", () => this.write([], [], []));
    byId("yard").addEventListener("toggle", changed);
    byId("yard-border").addEventListener("change", () => this.enclose());
    this.view.addEventListener("pointerdown", (event) => this.press(event));
    this.view.addEventListener("pointermove", (event) => this.drag(event));
    for (const name of ["pointerup", "pointercancel"]) this.view.addEventListener(name, () => { this.held = null; });
  }

  get isOpen() {
    return byId("yard").open;
  }

  get border() {
    return read(byId("yard-border").value).map(([x, y]) => [x, y]);
  }

  get trees() {
    return read(byId("yard-trees").value).map(([x, y, across = numberIn("yard-across")]) => [x, y, across]);
  }

  /** How far the border reaches to the right and down, in metres; 0 without one. */
  get reach() {
    return [0, 1].map((axis) => Math.max(0, ...this.border.map((point) => point[axis]).filter(Number.isFinite)));
  }

  /** Make the sides in the form as large as the border needs. */
  enclose() {
    const [right, bottom] = this.reach;
    if (right > numberIn("width")) byId("width").value = millimetre(right);
    if (bottom > numberIn("height")) byId("height").value = millimetre(bottom);
    this.changed();
  }

  /** What the preview shows: { outer, holes, isEdited }, or null. */
  get shown() {
    const outer = this.border.filter(isWhole);
    const holes = [...this.trees.filter(isWhole).map(circle), ...this.holes];
    return outer.length || this.isOpen ? { outer, holes, isEdited: this.isOpen } : null;
  }

  /** What a brief takes: the surface with its sides and outline, which begins in its corner; null for a rectangle. */
  get surface() {
    const border = this.border;
    if (!border.length) return null;
    const [left, top] = [0, 1].map((axis) => Math.min(...border.map((point) => point[axis])));
    const moved = (ring) => ring.map(([x, y]) => [millimetre(x - left), millimetre(y - top)]);
    const outer = moved(border);
    const [width, height] = [0, 1].map((axis) => Math.max(...outer.map((point) => point[axis])));
    return { width_m: width, height_m: height, outline: { outer, holes: [...this.trees.map(circle), ...this.holes].map(moved) } };
  }

  get area() {
    const { outer, holes } = this.surface.outline;
    return areaOf(outer) - holes.reduce((sum, hole) => sum + areaOf(hole), 0);
  }

  write(border, trees, holes) {
    this.before.push([byId("yard-border").value, byId("yard-trees").value, this.holes]);
    [byId("yard-border").value, byId("yard-trees").value, this.holes] = [written(border), written(trees), holes];
    byId("yard-border").dispatchEvent(new Event("input", { bubbles: true })); // what was wrong is gone, and the brief is kept
  }

  undo() {
    const before = this.before.pop();
    if (!before) return;
    [byId("yard-border").value, byId("yard-trees").value, this.holes] = before;
    byId("yard-border").dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** Show the outline of a surface, with its sides in the form. */
  take({ width_m: width, height_m: height, outline }) {
    [byId("width").value, byId("height").value] = [width, height];
    this.write(outline.outer, [], outline.holes);
    byId("yard").open = true;
  }

  async takeFile() {
    const [file] = byId("yard-file").files;
    if (!file) return;
    byId("yard-status").textContent = t("yard.reading");
    try {
      const { surface, left_out: closed, open_lines: open } = await readOutline(file, byId("yard-unit").value);
      this.take(surface);
      byId("yard-status").textContent = t("yard.read", { points: surface.outline.outer.length, holes: surface.outline.holes.length, left: closed + open });
    } catch (error) {
      byId("yard-status").textContent = "";
      byId("surface-error").textContent = error.errors?.map(({ detail }) => detail).join("\n") || error.message;
    }
  }

  /** Exchange width and height, and the outline with them. */
  swap() {
    const turned = (ring) => ring.map(([x, y, ...rest]) => [y, x, ...rest]);
    if (this.border.length) this.write(turned(this.border), turned(this.trees), this.holes.map(turned));
  }

  /** Where an event lies on the surface, in metres. */
  at(event) {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.view.getScreenCTM().inverse());
    const [left, top] = [Number(this.view.dataset.left), Number(this.view.dataset.top)];
    return [snapped(x - left, numberIn("width")), snapped(y - top, numberIn("height"))];
  }

  press(event) {
    if (!this.isOpen) return;
    event.preventDefault();
    const [x, y] = this.at(event);
    const reach = NEAR * Math.max(numberIn("width"), numberIn("height"));
    if (byId("brief").elements.yard_click.value === "tree") return this.write(this.border, [...this.trees, [x, y, numberIn("yard-across")]], this.holes);
    const border = this.border;
    const near = border.findIndex(([a, b]) => Math.hypot(a - x, b - y) < reach);
    if (near < 0) return this.write([...border, [x, y]], this.trees, this.holes);
    this.held = near;
    this.before.push([byId("yard-border").value, byId("yard-trees").value, this.holes]);
    this.view.setPointerCapture(event.pointerId);
  }

  drag(event) {
    if (this.held === null || this.held === undefined) return;
    const border = this.border;
    border[this.held] = this.at(event);
    byId("yard-border").value = written(border);
    this.changed();
  }
}
