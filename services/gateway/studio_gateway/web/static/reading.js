// What was understood of the brief, in the words of the brief, and what was not.

import { h } from "./dom.js";

/** A heading and a list; nothing where the plan keeps no reading. */
export function understood(reading) {
  if (!reading) return null;
  const rows = [
    ["To be seen", reading.subjects.map(described)],
    ["Patterns", reading.patterns.map(spelled)],
    ["Setting", reading.setting.map(spelled)],
    ["Tone", reading.tones],
    ["Left out as asked", [...reading.refused_subjects, ...reading.refused_patterns.map(spelled)]],
    ["Not understood", reading.not_understood],
  ].filter(([, words]) => words.length);
  return h("div", {}, h("h3", {}, "Understood"),
    rows.length ? h("ul", {}, rows.map(([what, words]) => h("li", {}, h("b", {}, what), ` ${[...new Set(words)].join(", ")}`)))
      : h("p", { class: "hint" }, "The brief names nothing that the studio knows; the palette and the drawing are a start."));
}

function described({ word, motif, count, size }) {
  return [motif, count > 1 ? `${count} ×` : null, size, word].filter(Boolean).join(" ");
}

function spelled(identifier) {
  return identifier.replaceAll("_", " ");
}
