// Below an opened concept: the installer's view, materials and files.

import { blends } from "./blends.js";
import { h, percent, styled } from "./dom.js";
import { number, t } from "./messages.js";
import { ruleText } from "./options.js";

const FORMATS = { "image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WebP" };
const downloadUrl = (url) => `${url}${url.includes("?") ? "&" : "?"}download`;

/** How well it can be laid, and which rules are broken. */
export function installer({ installer: says }) {
  if (!says) return null;
  const left = Object.entries(says.counts).filter(([, count]) => count > 0);
  return h("section", {}, h("h3", {}, t("installer.title")),
    h("p", {}, t("installer.score", { score: says.score, before: says.score_before }), says.kept === null ? null : ` ${t("installer.kept", { percent: percent(says.kept) })}`),
    left.length ? h("ul", { class: "plain" }, left.map(([rule, count]) => h("li", {}, `${count} × ${ruleText(rule)}`)))
      : h("p", { class: "hint" }, t("installer.none")));
}

/** What to order, a line for each colour; `path` is where the concept is in the API, null where its files are not shown. */
export function materials({ materials: needs, palette_used: used }, path) {
  if (!needs) return null;
  const colour = (code) => used.find((one) => one.code === code);
  const digits = (value, count) => number(value, { most: count, least: count });
  const figure = (value, count, unit) => h("td", {}, `${digits(value, count)} ${unit}`);
  return h("section", {}, h("div", { class: "under" }, h("h3", {}, t("materials.title")),
    path && h("p", {}, h("a", { href: `${path}/materials.xlsx`, download: "" }, "Excel"), " · ", h("a", { href: `${path}/materials.csv`, download: "" }, "CSV"))),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("materials.title") }, h("table", { class: "figures" },
      h("thead", {}, h("tr", {}, [t("materials.colour"), t("materials.share"), t("materials.area"), t("materials.granule"), t("materials.bags")].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, needs.colours.map((line) => h("tr", {},
        styled(h("th", { scope: "row" }, h("span", { class: "colour", "aria-hidden": "true" }), `${colour(line.code)?.name ?? ""} `, h("small", {}, line.code)), { "--colour": colour(line.code)?.hex ?? "transparent" }),
        h("td", {}, percent(line.share)), figure(line.area_m2, 2, "m²"), figure(line.kg, 1, "kg"), h("td", {}, String(line.bags))))),
      h("tfoot", {}, h("tr", {}, h("th", { scope: "row" }, t("materials.total")), h("td", {}, ""), figure(needs.area_m2, 2, "m²"), figure(needs.kg, 1, "kg"), h("td", {}, String(needs.bags)))))),
    h("p", { class: "hint" }, t("materials.binder", { least: digits(needs.binder_kg[0], 1), most: digits(needs.binder_kg[1], 1) })),
    blends(needs.blends));
}

/** Links to the concept's sheet, pictures (named by `names`) and drawings. */
export function downloads(concept, pictures, names, path) {
  const files = [...Object.entries(pictures), ...Object.entries(concept.vectors ?? {})];
  return h("ul", { class: "files" }, pictures.installable ? h("li", {}, h("a", { href: `${path}/sheet.pdf`, download: "" }, t("files.sheet"), h("small", {}, "PDF A4")),
    " ", h("a", { href: `${path}/sheet.pdf?paper=A3`, download: "" }, h("small", {}, "A3"))) : null, files.map(([kind, file]) => h("li", {},
    h("a", { href: downloadUrl(file.url), download: "" }, names[kind] ?? kind.toUpperCase(), h("small", {}, FORMATS[file.media_type] ?? "")))));
}
