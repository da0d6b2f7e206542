// What the API says in English, in the page's language: its texts are known as templates, each with a translation.

import { language, number, phrases } from "./messages.js";

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const holes = (text) => text.split("{}").length;

// The longest first, because it is the most specific.
const templates = Object.entries(phrases).filter(([english]) => english.includes("{}"))
  .sort(([one], [other]) => other.length - one.length || holes(one) - holes(other))
  .map(([english, translated]) => ({ pattern: new RegExp(`^${english.split("{}").map(escaped).join("(.+?)")}$`, "s"), translated }));

/** A text of the API in the page's language; what is not known stays as it is. */
export function translated(text) {
  if (language === "en" || !text) return text;
  if (Object.hasOwn(phrases, text)) return phrases[text];
  const words = text.split(" and ");
  if (words.length > 1 && words.every((word) => Object.hasOwn(phrases, word))) return words.map(translated).join(` ${phrases.and} `);
  if (text.includes("; ")) return text.split("; ").map(translated).join("; ");
  for (const { pattern, translated: template } of templates) {
    const found = pattern.exec(text);
    if (!found) continue;
    const values = found.slice(1).map((value) => (/^\d+\.\d+$/.test(value) ? number(Number(value)) : translated(value)));
    return template.split("{}").map((part, i) => part + (values[i] ?? "")).join("");
  }
  return text;
}

const warnings = (found) => found.map((warning) => ({ ...warning, text: translated(warning.text) }));

/** A job, with what the API says of it in the page's language. */
export const translatedJob = (job) => (language === "en" ? job : {
  ...job,
  error: job.error && { ...job.error, title: translated(job.error.title), detail: translated(job.error.detail) },
  warnings: warnings(job.warnings),
  concepts: job.concepts.map((concept) => ({ ...concept, warnings: warnings(concept.warnings) })),
  plan: job.plan && {
    ...job.plan,
    palette_reason: translated(job.plan.palette_reason),
    directions: job.plan.directions.map((direction) => ({ ...direction, name: translated(direction.name), reason: translated(direction.reason) })),
  },
});

const titled = (one) => ({ ...one, title: translated(one.title), text: translated(one.text) });

/** The options of a brief, as `translatedJob`. */
export const translatedOptions = (options) => (language === "en" ? options : {
  ...options,
  styles: options.styles.map(titled),
  strategies: options.strategies.map(titled),
  states: options.states.map(titled),
  installer: { ...options.installer, rules: Object.fromEntries(Object.entries(options.installer.rules).map(([rule, text]) => [rule, translated(text)])) },
});
