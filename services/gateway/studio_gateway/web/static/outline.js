// The surface drawn to scale, strewn with granules of the chosen colours, beside a person for size.

import { byId, metres, svg } from "./dom.js";
import { t } from "./messages.js";

export const PERSON_M = 1.75;
const PERSON = "M.5 0a.13.13 0 1 1 0 .26.13.13 0 0 1 0-.26zM.36 .3h.28q.1 0 .1.1v.52h-.1v.83h-.12v-.7h-.04v.7h-.12v-.83h-.1v-.52q0-.1.1-.1z";
const UNDECIDED = ["#d9d9d6", "#c9c8c3", "#e8e3d8"];
const GRANULES = 1400;

// Fixed pseudo-random places, so that granules stay where they are while one types.
let seed = 7;
const random = () => {
  seed = (seed * 48271) % 2147483647;
  return seed / 2147483647;
};
const places = Array.from({ length: GRANULES }, () => ({ u: random(), v: random(), turn: random(), colour: random() }));

/**
 * Draw a surface of these sides (metres) in these colours ("#rrggbb", none: undecided), and on it a picture { url, ratio, isCropped }.
 * Of a `yard` { outer, holes, isEdited } only what lies inside is laid; while it is edited, its points are shown.
 */
export function drawOutline(width, height, colours, picture = null, yard = null) {
  const view = byId("outline");
  const person = Math.min(PERSON_M, Math.max(width, height) * 3);
  const margin = Math.max(width, height, 2) * 0.075;
  const left = margin * 1.6;
  const total = { width: left + width + person * 0.75 + margin, height: Math.max(height, person) + margin * 2.4 };
  const top = total.height - margin * 1.8 - height;
  const line = Math.max(total.width, total.height) / 400;
  view.setAttribute("viewBox", `0 0 ${total.width} ${total.height}`);
  view.setAttribute("aria-label", t("form.outline.of", { width, height }));
  [view.dataset.left, view.dataset.top] = [left, top];
  view.classList.toggle("edited", Boolean(yard?.isEdited));
  const isCut = yard?.outer.length > 2;
  const path = yard ? [yard.outer, ...yard.holes].filter((ring) => ring.length).map((ring) => `M${ring.map(([x, y]) => `${left + x} ${top + y}`).join("L")}z`).join("") : "";
  const laid = [svg("rect", { x: left, y: top, width, height, fill: colours[0] ?? "#efece4" }),
    granules(left, top, width, height, colours.length ? colours : UNDECIDED),
    picture ? fitted(picture, left, top, width, height) : ""];
  view.replaceChildren(
    isCut ? svg("clipPath", { id: "yard-shape" }, svg("path", { d: path, "clip-rule": "evenodd" })) : "",
    svg("g", isCut ? { "clip-path": "url(#yard-shape)" } : {}, ...laid),
    svg("rect", { x: left, y: top, width, height, fill: "none", class: isCut ? "edge whole" : "edge", "stroke-width": isCut ? line : line * 1.6 }),
    path ? svg("path", { d: path, fill: "none", class: "edge", "stroke-width": line * 1.6 }) : "",
    ...(yard?.isEdited ? yard.outer.map(([x, y]) => svg("circle", { cx: left + x, cy: top + y, r: line * 5, class: "corner-point" })) : []),
    svg("path", { d: PERSON, class: "person", transform: `translate(${left + width + person * 0.1} ${top + height - person}) scale(${person / PERSON_M})` }),
    ...dimension(left, top + height + margin * 0.7, left + width, top + height + margin * 0.7, line, `${metres(width)} m`),
    ...dimension(left - margin * 0.7, top, left - margin * 0.7, top + height, line, `${metres(height)} m`));
}

/** The picture on the surface, clipped at its edges. */
function fitted({ url, ratio, isCropped }, left, top, width, height) {
  const across = (isCropped ? Math.max : Math.min)(width, height * ratio);
  const down = across / ratio;
  const image = svg("image", { href: url, x: (width - across) / 2, y: (height - down) / 2, width: across, height: down, preserveAspectRatio: "none" });
  return svg("svg", { x: left, y: top, width, height }, image);
}

function granules(left, top, width, height, colours) {
  const size = Math.sqrt((width * height) / GRANULES) * 0.62;
  const paths = colours.map(() => []);
  for (const { u, v, turn, colour } of places) {
    const x = left + size + u * Math.max(0, width - 2 * size);
    const y = top + size + v * Math.max(0, height - 2 * size);
    const points = [0, 1, 2, 3, 4].map((corner) => {
      const angle = (corner + turn) * 1.2566;
      const radius = size * (0.65 + 0.35 * ((turn * 7 + corner * 0.618) % 1));
      return `${(x + radius * Math.cos(angle)).toFixed(3)} ${(y + radius * Math.sin(angle)).toFixed(3)}`;
    });
    paths[Math.floor(colour * colours.length)].push(`M${points.join("L")}z`);
  }
  return svg("g", {}, ...paths.map((path, i) => svg("path", { d: path.join(""), fill: colours[i] })));
}

function dimension(x1, y1, x2, y2, line, text) {
  const size = line * 13;
  const label = svg("text", { "font-size": size, "text-anchor": "middle", class: "size" });
  const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
  const vertical = x1 === x2;
  label.setAttribute("transform", vertical ? `translate(${x - size * 0.5} ${y}) rotate(-90)` : `translate(${x} ${y + size * 1.25})`);
  label.textContent = text;
  const tick = line * 4;
  const ends = vertical ? `M${x1 - tick} ${y1}h${2 * tick}M${x2 - tick} ${y2}h${2 * tick}` : `M${x1} ${y1 - tick}v${2 * tick}M${x2} ${y2 - tick}v${2 * tick}`;
  return [svg("path", { d: `M${x1} ${y1}L${x2} ${y2}${ends}`, class: "edge", fill: "none", "stroke-width": line }), label];
}
