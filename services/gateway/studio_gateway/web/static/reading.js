// What the studio understood of a brief, word for word, before anything is paid for.

import { palette } from "./api.js";
import { h, plural, styled } from "./dom.js";

const languages = new Intl.DisplayNames(["en"], { type: "language" });
const spaced = (word) => word.replaceAll("_", " ");
let colours = new Map();

/** Load the names of colours; without them their codes are shown. */
export async function loadColourNames() {
  colours = new Map((await palette().catch(() => [])).map((colour) => [colour.code, colour]));
}

const chip = (text) => h("li", {}, text);

function colourChip(code) {
  const colour = colours.get(code);
  return styled(h("li", {}, h("span", { class: "colour", "aria-hidden": "true" }), colour?.name ?? code), { "--colour": colour?.hex ?? "transparent" });
}

function subjectText({ name, count, size, colour }) {
  const thing = [count > 1 ? `${count} ×` : "", size, name].filter(Boolean).join(" ") + (count === null ? ", several" : "");
  return colour ? `${thing}, ${colours.get(colour)?.name ?? colour}` : thing;
}

/** Rows of [title, chips]; only those that say something. */
function rows(reading) {
  return [
    ["Shows", reading.subjects.map((subject) => chip(subjectText(subject)))],
    ["Setting", reading.setting.map((word) => chip(spaced(word)))],
    ["Patterns", reading.patterns.map((word) => chip(spaced(word)))],
    [reading.only_colours ? "Only these colours" : "Colours", reading.colours.map(colourChip)],
    ["Not sold as one colour", (reading.unsold ?? []).map((colour) => chip(`${colour.word}: ${colours.get(colour.code)?.name ?? colour.code}, or a blend`))],
    ["Mood", reading.tones.map((word) => chip(word))],
    ["Left out", [...reading.refused_names.map((word) => chip(word)), ...reading.refused_patterns.map((word) => chip(spaced(word))), ...reading.refused_colours.map(colourChip)]],
  ].filter(([, chips]) => chips.length);
}

/** The section's content. `again` is where the brief can be changed. */
export function readingOf({ plan: { reading } }, again) {
  const understood = rows(reading);
  const language = reading.language ? `Read as ${languages.of(reading.language) ?? reading.language}.` : "";
  return [
    h("div", { class: "under" }, h("h2", { id: "reading-title" }, "What the studio understood"), h("p", { class: "hint" }, language)),
    understood.length ? h("dl", { class: "understood" }, understood.map(([title, chips]) =>
      h("div", {}, h("dt", {}, title), h("dd", {}, h("ul", { class: "chips" }, chips)))))
      : h("p", {}, "Nothing in particular: the concepts follow style and colours alone."),
    reading.not_understood.length ? h("div", { class: "notice warn" },
      h("b", {}, `Not understood: ${plural(reading.not_understood.length, "word")} without effect`),
      h("ul", { class: "chips" }, reading.not_understood.map((word) => chip(word))),
      h("p", {}, "If they matter, say them in other words. ", h("a", { href: again }, "Change the brief"))) : null,
  ].filter(Boolean);
}
