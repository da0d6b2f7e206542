// Two concepts side by side: as laid, with their colours and the figures in which they differ.

import { h, percent, styled } from "./dom.js";
import { laidView } from "./lay.js";
import { number, t } from "./messages.js";
import { MEASURES, measureName, scoreWord } from "./results.js";

const title = (concept) => t("viewer.concept_number", { rank: concept.rank ?? concept.id });
const picture = ({ pictures }) => pictures.installable ?? pictures.quantized ?? pictures.original;

/** Both pictures, the choice of the other concept, and the table; `viewer.other` is the id of the other. */
export function sideBySide(viewer, concepts) {
  const { job, concept } = viewer;
  const others = concepts.filter((one) => one.id !== concept.id);
  const other = others.find(({ id }) => id === viewer.other) ?? others[0];
  const choice = h("select", { id: "other", onchange: (event) => {
    viewer.other = event.target.value;
    viewer.draw();
  } }, others.map((one) => h("option", { value: one.id, selected: one === other }, title(one))));
  const side = (one, heading) => {
    const view = laidView(job, picture(one), { zoom: 1, measured: false, violations: [] });
    view.setAttribute("aria-label", title(one));
    return h("figure", {}, h("figcaption", {}, heading, h("span", { class: "hint" }, `${scoreWord(one.score)}, ${percent(one.score)}`)), view);
  };
  return [h("div", { class: "beside" }, side(concept, h("b", {}, title(concept))), side(other, h("label", {}, h("span", { class: "hidden" }, t("beside.other")), choice))),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("beside.differences") }, differences(concept, other))];
}

function differences(left, right) {
  const row = (name, first, second, show, dot = null) => (first === undefined && second === undefined ? null
    : h("tr", {}, styled(h("th", { scope: "row" }, dot ? h("span", { class: "colour", "aria-hidden": "true" }) : null, name), dot ? { "--colour": dot } : {}),
      h("td", {}, first === undefined ? "–" : show(first)), h("td", {}, second === undefined ? "–" : show(second)), h("td", {}, change(first ?? 0, second ?? 0, show))));
  const figure = (unit, digits) => (value) => `${number(value, { most: digits, least: digits })} ${unit}`.trim();
  const colours = new Map([...left.palette_used, ...right.palette_used].map((colour) => [colour.code, colour]));
  const share = (concept, code) => concept.palette_used.find((one) => one.code === code)?.share;
  return h("table", { class: "figures" },
    h("thead", {}, h("tr", {}, [t("beside.figure"), title(left), title(right), t("beside.difference")].map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {},
      row(t("beside.score"), left.score, right.score, percent),
      MEASURES.map((key) => row(measureName(key), left.quality[key] ?? undefined, right.quality[key] ?? undefined, percent)),
      row(t("beside.installer"), left.installer?.score, right.installer?.score, figure("", 0)),
      row(t("materials.granule"), left.materials?.kg, right.materials?.kg, figure("kg", 1)),
      row(t("materials.bags"), left.materials?.bags, right.materials?.bags, figure("", 0)),
      [...colours.values()].map(({ code, name, hex }) => row(name, share(left, code), share(right, code), percent, hex))));
}

function change(first, second, show) {
  const shown = show(Math.abs(second - first));
  if (shown === show(0)) return t("beside.same");
  return `${second > first ? "+" : "−"}${shown}`;
}
