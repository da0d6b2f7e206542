// What the studio understood of a brief, word for word, before anything is paid for.

import { translated } from "./phrases.js";
import { palette, untilAnswered } from "./api.js";
import { h, styled } from "./dom.js";
import { language, t } from "./messages.js";

const languages = new Intl.DisplayNames([language], { type: "language" });
const spaced = (word) => translated(word.replaceAll("_", " "));
let colours = new Map();

/** Load the names of colours, which the section shows. */
export async function loadColourNames() {
  colours = new Map((await untilAnswered(palette)).map((colour) => [colour.code, colour]));
}

const chip = (text) => h("li", {}, text);

function colourChip(code) {
  const colour = colours.get(code);
  return styled(h("li", {}, h("span", { class: "colour", "aria-hidden": "true" }), colour?.name ?? code), { "--colour": colour?.hex ?? "transparent" });
}

/** A thing by the brief's own word where that is of the page's language, else by its plain English name. */
function subjectText({ word, name, count, size, colour }, isOurs) {
  const thing = [count > 1 ? `${count} ×` : "", size && translated(size), isOurs ? word : name].filter(Boolean).join(" ");
  const things = count === null ? t("reading.several", { thing }) : thing;
  return colour ? t("reading.in_colour", { thing: things, colour: colours.get(colour)?.name ?? colour }) : things;
}

/** Rows of [title, chips]; only those that say something. */
function rows(reading) {
  const isOurs = reading.language === language;
  const refused = isOurs ? reading.refused_subjects : reading.refused_names;
  return [
    [t("reading.shows"), reading.subjects.map((subject) => chip(subjectText(subject, isOurs)))],
    [t("reading.setting"), reading.setting.map((word) => chip(spaced(word)))],
    [t("reading.patterns"), reading.patterns.map((word) => chip(spaced(word)))],
    [reading.only_colours ? t("reading.only_colours") : t("reading.colours"), reading.colours.map(colourChip)],
    [t("reading.unsold"), (reading.unsold ?? []).map(({ word, code }) => chip(t("reading.unsold.what", { word, colour: colours.get(code)?.name ?? code })))],
    [t("reading.mood"), reading.tones.map((word) => chip(spaced(word)))],
    [t("reading.left_out"), [...refused.map((word) => chip(word)), ...reading.refused_patterns.map((word) => chip(spaced(word))), ...reading.refused_colours.map(colourChip)]],
  ].filter(([, chips]) => chips.length);
}

/** The section's content. `again` is where the brief can be changed. */
export function readingOf({ plan: { reading } }, again) {
  const understood = rows(reading);
  const read = reading.language ? t("reading.language", { language: languages.of(reading.language) ?? reading.language }) : "";
  return [
    h("div", { class: "under" }, h("h2", { id: "reading-title" }, t("reading.title")), h("p", { class: "hint" }, read)),
    understood.length ? h("dl", { class: "understood" }, understood.map(([title, chips]) =>
      h("div", {}, h("dt", {}, title), h("dd", {}, h("ul", { class: "chips" }, chips)))))
      : h("p", {}, t("reading.nothing")),
    reading.not_understood.length ? h("div", { class: "notice warn" },
      h("b", {}, t("reading.lost", { count: reading.not_understood.length })),
      h("ul", { class: "chips" }, reading.not_understood.map((word) => chip(word))),
      h("p", {}, `${t("reading.lost.what")} `, h("a", { href: again }, t("job.change")))) : null,
  ].filter(Boolean);
}
