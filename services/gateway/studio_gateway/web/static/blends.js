// Mixtures of granules for areas where one granule is not the colour that was named or shown.

import { h, styled } from "./dom.js";
import { number, t } from "./messages.js";

const swatch = (colour) => styled(h("span", { class: "colour", "aria-hidden": "true" }), { "--colour": colour });

const oneDigit = (value) => number(value, { most: 1, least: 1 });
const recipe = (blend) => blend.recipe.map(({ parts, code, kg }) => `${parts} ${code} (${oneDigit(kg)} kg)`).join(" + ");

/** The blends of a concept's materials as a list; null where there are none, as in jobs older than blends. */
export function blends(found) {
  if (!found?.length) return null;
  return h("div", { class: "blends" }, h("h4", {}, t("blends.title")), h("p", { class: "hint" }, t("blends.hint")),
    h("ul", { class: "plain" }, found.map((blend) => h("li", {}, swatch(blend.hex), h("b", {}, blend.word || t("blends.speckled")),
      ` ${t("blends.what", { code: blend.code, area: number(blend.area_m2, { least: 2 }), recipe: recipe(blend) })} `,
      h("small", {}, t("blends.difference", { mixed: oneDigit(blend.delta_e), code: blend.code, alone: oneDigit(blend.delta_e_alone) }))))));
}
