// The surface in a yard: seen from a standing person's height, with people and play equipment to scale.

import { h, styled, svg } from "./dom.js";
import { t } from "./messages.js";
import { layer } from "./lay.js";

// People and equipment, in metres: drawn upright, with their feet at the bottom of the box.
const PERSON = "M.28 0a.115.115 0 1 1 0 .23.115.115 0 0 1 0-.23zM.17.28h.22q.12 0 .13.12l.03.46q0 .05-.04.05t-.05-.05L.42.5l.01.45-.04.75q0 .05-.05.05t-.05-.05L.28 1.02l-.01.68q0 .05-.05.05t-.05-.05L.13.95.14.5.1.86q0 .05-.05.05T.01.86L.04.4Q.05.28.17.28z";
const SWING = "M.1 2.2L.5 0h2.6l.4 2.2h-.12L3.06.2H.54L.22 2.2zM1.2.15h.04v1.5h-.04zM1.6.15h.04v1.5h-.04zM1.14 1.65h.56v.07h-.56z";
const SLIDE = "M.1 2.1V.5h.08v.35h.5V.5h.08v.75Q1.6 1.3 2.2 1.9q.2.2.7.2v.08q-.6 0-.8-.2Q1.5 1.4.76 1.36V2.1H.68V1.7h-.5v.4zM.18 1.05v.1h.5v-.1zM.18 1.35v.1h.5v-.1z";
const THINGS = [
  { path: SWING, width: 3.6, height: 2.2, colour: "#8f2f29", x: 0.26, y: 0.3 },
  { path: SLIDE, width: 3, height: 2.2, colour: "#0b5c8a", x: 0.76, y: 0.36 },
  { path: PERSON, width: 0.56, height: 1.75, colour: "#231f20", x: 0.56, y: 0.7 },
  { path: PERSON, width: 0.56, height: 1.75, scale: 0.65, colour: "#493d8c", x: 0.43, y: 0.56 },
];

/** The view; it remembers its turn and what is shown. */
export class Scene {
  constructor() {
    this.turn = 24;
    this.furnished = true;
    this.continued = false;
  }

  /** Stage and controls for the picture of a job, on the ground. */
  elements(job, picture) {
    const { surface } = job.brief;
    const stage = h("div", { class: "scene", role: "img", "aria-label": t("scene.of", { width: surface.width_m, height: surface.height_m }) });
    const draw = () => stage.replaceChildren(this.ground(job, picture));
    const turn = h("input", { id: "turn", type: "range", min: -60, max: 60, value: this.turn, oninput: () => {
      this.turn = turn.valueAsNumber;
      styled(stage, { "--turn": `${this.turn}deg` });
    } });
    const toggle = (id, text, name) => h("label", { class: "toggle" }, h("input", { id, type: "checkbox", checked: this[name], onchange: (event) => {
      this[name] = event.target.checked;
      draw();
    } }), text);
    styled(stage, { "--turn": `${this.turn}deg` });
    draw();
    return [stage, h("div", { class: "controls" }, h("label", { for: "turn" }, t("scene.turn"), turn),
      toggle("furnished", t("scene.furnished"), "furnished"), toggle("continued", t("scene.continued"), "continued"))];
  }

  ground(job, picture) {
    const { width_m: width, height_m: height } = job.brief.surface;
    const most = Math.max(width, height);
    const share = (side) => `${(side / most) * 100}%`;
    const plane = h("div", { class: "plane" }, h("div", { class: "around" }), ...this.copies().map(([column, row]) =>
      styled(h("div", { class: "copy" }, layer(job, picture, "")), { transform: `translate(${column * 100}%, ${row * 100}%) scale(${column % 2 ? -1 : 1}, ${row % 2 ? -1 : 1})` })));
    if (this.furnished) plane.append(...THINGS.map((thing) => standing(thing, width, height)));
    return styled(h("div", { class: "yard" }, plane), { "--plane-width": share(width), "--plane-height": share(height), "--ratio": width / height });
  }

  copies() {
    return this.continued ? [-1, 0, 1].flatMap((row) => [-1, 0, 1].map((column) => [column, row])) : [[0, 0]];
  }
}

/** A thing on the plane, upright and turned to the viewer. */
function standing({ path, width, height, scale = 1, colour, x, y }, surfaceWidth, surfaceHeight) {
  const shape = svg("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "xMidYMax meet", "aria-hidden": "true" }, svg("path", { d: path, fill: colour, "fill-rule": "evenodd" }));
  const wide = (width * scale) / surfaceWidth;
  const tall = (height * scale) / surfaceHeight;
  return styled(h("div", { class: "thing" }, shape), { left: `${(x - wide / 2) * 100}%`, top: `${(y - tall) * 100}%`, width: `${wide * 100}%`, height: `${tall * 100}%` });
}
