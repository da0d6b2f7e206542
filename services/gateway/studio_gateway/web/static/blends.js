// Mixtures of granules for areas where one granule is not the colour that was named or shown.

import { h, styled } from "./dom.js";

const swatch = (colour) => styled(h("span", { class: "colour", "aria-hidden": "true" }), { "--colour": colour });

/** The blends of a concept's materials as a list; null where there are none, as in jobs older than blends. */
export function blends(found) {
  if (!found?.length) return null;
  return h("div", { class: "blends" }, h("h4", {}, "Blends"),
    h("p", { class: "hint" }, "Parts of twelve that come nearer to the colour wanted than the one granule. ΔE is the difference that is left: below 3 few people see it."),
    h("ul", { class: "plain" }, found.map((blend) => h("li", {}, swatch(blend.hex), h("b", {}, blend.word || "Speckled area"),
      ` instead of ${blend.code}, ${blend.area_m2.toFixed(2)} m²: ${blend.recipe.map((part) => `${part.parts} ${part.code} (${part.kg.toFixed(1)} kg)`).join(" + ")} `,
      h("small", {}, `ΔE ${blend.delta_e.toFixed(1)}, ${blend.code} alone ${blend.delta_e_alone.toFixed(1)}`)))));
}
