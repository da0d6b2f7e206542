// Two pictures of a concept, one above the other under a slider.

import { h, sides as sidesText, styled } from "./dom.js";
import { fits, layer, marks } from "./lay.js";
import { t } from "./messages.js";
import { KINDS } from "./results.js";

const name = (kind) => KINDS[kind];

/** Stage and controls for a viewer's `sides`, `split`, `onSurface` and `marked`, which the controls change. */
export function comparison(viewer) {
  return [stage(viewer), controls(viewer)];
}

/** Pictures of two shapes can only be compared where both are laid on the surface. */
const mustLay = ({ sides, job, pictures }) =>
  sides.includes("installable") && sides.some((kind) => !fits(job.brief.surface, pictures[kind]));

const showsMarks = (viewer) => viewer.sides.includes("installable") && viewer.canMark();

const isLaid = (viewer) => viewer.onSurface || mustLay(viewer) || (viewer.marked && showsMarks(viewer));

function stage(viewer) {
  const { job, pictures, sides, concept } = viewer;
  const { surface } = job.brief;
  const onSurface = isLaid(viewer);
  const first = pictures[sides[0]];
  // Each is cut at the slider, for one of them may be transparent outside the surface's outline.
  const [left, right] = sides.map((kind, i) => h("div", { class: i ? "side over" : "side" },
    onSurface ? layer(job, pictures[kind], name(kind)) : whole(pictures[kind], name(kind))));
  const slider = h("input", { id: "split", type: "range", min: 0, max: 100, step: "any", value: viewer.split, "aria-label": t("compare.slider", { left: name(sides[0]), right: name(sides[1]) }) });
  const marked = onSurface && viewer.marked && showsMarks(viewer) ? marks(concept.violations, surface) : null;
  marked?.classList.add(sides[1] === "installable" ? "over" : "left");
  const element = h("div", { class: "compare" }, left, right, marked,
    h("span", { class: "tag left", "aria-hidden": "true" }, name(sides[0])), h("span", { class: "tag right", "aria-hidden": "true" }, name(sides[1])),
    h("span", { class: "handle", "aria-hidden": "true" }), slider);
  const set = () => {
    viewer.split = slider.valueAsNumber;
    element.style.setProperty("--split", `${viewer.split}%`);
    slider.setAttribute("aria-valuetext", t("compare.value", { percent: Math.round(viewer.split), left: name(sides[0]), right: name(sides[1]) }));
  };
  slider.addEventListener("input", set);
  styled(element, { "--ratio": onSurface ? surface.width_m / surface.height_m : first.width / first.height });
  set();
  return element;
}

const whole = (picture, alt) =>
  h("div", { class: "laid" }, styled(h("img", { src: picture.url, alt, draggable: "false" }), { width: "100%", height: "100%", left: "0", top: "0" }));

function controls(viewer) {
  const { sides, job, pictures } = viewer;
  const choice = (side, label) => h("label", {}, label, h("select", { id: `side-${side}`, onchange: (event) => {
    sides[side] = event.target.value;
    viewer.draw();
  } }, Object.keys(pictures).map((kind) => h("option", { value: kind, selected: kind === sides[side] }, name(kind)))));
  const { surface } = job.brief;
  const mayLay = !mustLay(viewer) && !fits(surface, pictures[sides[0]]);
  return h("div", { class: "controls" }, choice(0, t("compare.left")), choice(1, t("compare.right")),
    mayLay ? viewer.toggle("on-surface", t("compare.on_surface", { size: sidesText(surface) }), viewer.onSurface, (on) => { viewer.onSurface = on; }) : null,
    showsMarks(viewer) ? viewer.markToggle() : null);
}
