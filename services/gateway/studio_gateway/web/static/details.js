// Below an opened concept: the installer's view, materials and files.

import { blends } from "./blends.js";
import { h, percent, styled } from "./dom.js";
import { ruleText } from "./options.js";

const FORMATS = { "image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WebP" };
const downloadUrl = (url) => `${url}${url.includes("?") ? "&" : "?"}download`;

/** How well it can be laid, and which rules are broken. */
export function installer({ installer: says }) {
  if (!says) return null;
  const left = Object.entries(says.counts).filter(([, count]) => count > 0);
  return h("section", {}, h("h3", {}, "What an installer would say"),
    h("p", {}, `${says.score} of 100 once cleaned, ${says.score_before} before.${says.kept === null ? "" : ` Kept ${percent(says.kept)} of what the picture shows.`}`),
    left.length ? h("ul", { class: "plain" }, left.map(([rule, count]) => h("li", {}, `${count} × ${ruleText(rule)}`)))
      : h("p", { class: "hint" }, "No rule is broken."));
}

/** What to order, a line for each colour; `path` is where the concept is in the API. */
export function materials({ materials: needs, palette_used: used }, path) {
  if (!needs) return null;
  const colour = (code) => used.find((one) => one.code === code);
  const figure = (value, unit) => h("td", {}, `${value} ${unit}`);
  return h("section", {}, h("div", { class: "under" }, h("h3", {}, "Materials"),
    h("p", {}, h("a", { href: `${path}/materials.xlsx`, download: "" }, "Excel"), " · ", h("a", { href: `${path}/materials.csv`, download: "" }, "CSV"))),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Materials" }, h("table", { class: "figures" },
      h("thead", {}, h("tr", {}, ["Colour", "Share", "Area", "Granule", "Bags"].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, needs.colours.map((line) => h("tr", {},
        styled(h("th", { scope: "row" }, h("span", { class: "colour", "aria-hidden": "true" }), `${colour(line.code)?.name ?? ""} `, h("small", {}, line.code)), { "--colour": colour(line.code)?.hex ?? "transparent" }),
        h("td", {}, percent(line.share)), figure(line.area_m2.toFixed(2), "m²"), figure(line.kg.toFixed(1), "kg"), h("td", {}, String(line.bags))))),
      h("tfoot", {}, h("tr", {}, h("th", { scope: "row" }, "Total"), h("td", {}, ""), figure(needs.area_m2.toFixed(2), "m²"), figure(needs.kg.toFixed(1), "kg"), h("td", {}, String(needs.bags)))))),
    h("p", { class: "hint" }, `Binder for wet pour: ${needs.binder_kg.map((kg) => kg.toFixed(1)).join(" to ")} kg. Granule includes wastage.`),
    blends(needs.blends));
}

/** Links to the concept's sheet, pictures (named by `names`) and drawings. */
export function downloads(concept, pictures, names, path) {
  const files = [...Object.entries(pictures), ...Object.entries(concept.vectors ?? {})];
  return h("ul", { class: "files" }, pictures.installable ? h("li", {}, h("a", { href: `${path}/sheet.pdf`, download: "" }, "Sheet to print, true to scale", h("small", {}, "PDF A4")),
    " ", h("a", { href: `${path}/sheet.pdf?paper=A3`, download: "" }, h("small", {}, "A3"))) : null, files.map(([kind, file]) => h("li", {},
    h("a", { href: downloadUrl(file.url), download: "" }, names[kind] ?? kind.toUpperCase(), h("small", {}, FORMATS[file.media_type] ?? "")))));
}
