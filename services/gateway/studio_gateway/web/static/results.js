// The pictures of a job: a gallery in rank order, the palette and the notes that go with it.

import { dollars, h, percent, sentence, sides, styled } from "./dom.js";
import { number, t } from "./messages.js";
import { showStar, star } from "./notes.js";
import { cost, isFinal } from "./options.js";
import { shows } from "./share.js";

export const MEASURES = ["fidelity", "flatness", "contrast", "balance", "adherence", "installability"];
export const measureName = (key) => t(`measure.${key}`);

/** The pictures of a concept by kind, with their names. */
export const KINDS = { original: t("picture.original"), quantized: t("picture.quantized"), installable: t("picture.installable") };

const WORDS = [[0.7, t("score.very_good")], [0.55, t("score.good")], [0.4, t("score.fair")], [0, t("score.weak")]];

/** A score (0 to 1) in one word. */
export const scoreWord = (score) => WORDS.find(([least]) => score >= least)[1];

const meter = (value, label) => styled(h("meter", { min: 0, max: 1, value, "aria-label": label }), { "--value": value });

/** What a score is made of, measured figures only. */
export function measures(quality) {
  return h("dl", { class: "measures" }, MEASURES.filter((key) => typeof quality[key] === "number").map((key) =>
    h("div", {}, h("dt", {}, measureName(key), h("small", {}, t(`measure.${key}.meaning`))), h("dd", {}, percent(quality[key])),
      h("dd", {}, meter(quality[key], t("measure.of", { name: measureName(key), meaning: t(`measure.${key}.meaning`) }))))));
}

/** Colours as a strip in proportion to their shares. */
const shareStrip = (colours) =>
  h("div", { class: "shares", "aria-hidden": "true" }, colours.map((colour) =>
    styled(h("span"), { "--colour": colour.hex, "--share": colour.share })));

/** Chips with name and code. */
export const chips = (colours) =>
  h("ul", { class: "chips" }, colours.map((colour) =>
    styled(h("li", {}, h("span", { class: "colour", "aria-hidden": "true" }), colour.name, h("small", {}, colour.code),
      colour.share > 0 ? h("small", {}, percent(colour.share)) : null), { "--colour": colour.hex })));

/** The gallery; `open(id)` shows a concept large, `paint(event, { directions, count })` has a draft painted, `mark(id, isFavourite)` keeps a favourite. Cards stay the same elements while pictures arrive. */
export class Results {
  constructor(element, open, paint, mark) {
    this.element = element;
    this.open = open;
    this.paint = paint;
    this.mark = mark;
    this.cards = new Map();
    this.title = h("h2", { id: "results-title" });
    this.note = h("p", { class: "hint" });
    this.list = h("ul", { class: "gallery" });
    element.append(h("div", { class: "under" }, this.title, this.note), this.list);
  }

  update(job) {
    const count = job.concepts.length;
    const running = !isFinal(job);
    const isDraft = job.brief.kind === "draft";
    const expected = isDraft ? job.plan?.directions.length ?? 1 : job.brief.count;
    this.element.hidden = count === 0 && !running;
    this.title.textContent = job.status === "completed" ? (isDraft ? t("results.drafts", { drafts: t("drafts", { count }) }) : t("results.concepts", { concepts: t("concepts", { count }) })) : t("results.so_far");
    this.note.textContent = running ? t("job.some_of", { count, most: expected }) : (shows(job, "downloads") ? t("results.open") : "");
    for (const concept of job.concepts) {
      if (!this.cards.has(concept.id)) this.cards.set(concept.id, this.card(concept, job));
      const card = this.cards.get(concept.id);
      card.querySelector(".rank").textContent = concept.rank ? `${concept.rank}` : "";
      showStar(card.querySelector(".star"), concept);
    }
    const order = [...job.concepts].sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0)).map((concept) => this.cards.get(concept.id));
    if (job.plan) styled(this.list, { "--ratio": job.plan.width_px / job.plan.height_px });
    const blanks = running ? expected - count : 0;
    const shown = [...order, ...Array.from({ length: Math.max(0, blanks) }, blank)];
    const focused = document.activeElement;
    this.list.replaceChildren(...shown);
    if (this.list.contains(focused)) focused.focus();
  }

  /** Which direction a concept belongs to and why there is one; more can be painted of it from here. */
  direction(concept, job) {
    const { name, reason } = job.plan.directions[concept.direction];
    const isDraft = job.brief.kind === "draft";
    const count = isDraft ? Math.max(1, Math.round(job.brief.count / job.plan.directions.length)) : 2;
    return h("div", { class: "about-direction" }, h("h3", {}, sentence(name)), h("p", { class: "hint" }, sentence(reason)),
      h("button", { type: "button", class: isDraft ? "paint" : "paint quiet", onclick: (event) => this.paint(event, { directions: [concept.direction], count }) },
        t(isDraft ? "results.paint" : "results.more", { count, price: dollars(cost(count)) })));
  }

  card(concept, job) {
    const picture = concept.pictures.thumbnail ?? concept.pictures.quantized;
    const shape = concept.pictures.quantized ?? picture;
    return h("li", { class: "concept" },
      h("button", { type: "button", "data-concept": concept.id, onclick: () => this.open(concept.id) },
        h("span", { class: "rank" }),
        h("img", { src: picture.url, width: shape.width, height: shape.height, alt: "", decoding: "async" }),
        h("span", { class: "score" }, scoreWord(concept.score), h("span", { class: "hidden" }, `. ${t("results.open_of", { prompt: job.brief.prompt })}`))),
      star(concept, this.mark),
      shareStrip(concept.palette_used),
      this.direction(concept, job),
      h("details", { class: "why" }, h("summary", {}, t("results.why")), h("p", { class: "score-line" }, t("score", { percent: percent(concept.score) })), measures(concept.quality)),
      concept.warnings.length ? h("p", { class: "hint" }, concept.warnings.map((warning) => warning.text).join(" ")) : null);
  }
}

function blank() {
  return h("li", { class: "concept waiting", "aria-hidden": "true" }, h("div", { class: "blank" }));
}

/** What was decided for the job, and what a person should know. */
export function about(job) {
  const { plan, error } = job;
  const warnings = job.warnings.filter((warning) => !error?.detail.includes(warning.text));
  return [
    warnings.length ? h("aside", { class: "notice warn" }, h("b", {}, t("about.worth_knowing")), h("ul", {}, warnings.map((warning) => h("li", {}, warning.text)))) : null,
    plan ? h("section", { class: "plan" }, h("h2", {}, t("about.plan")),
      h("div", { class: "columns" },
        h("div", {}, h("h3", {}, t("about.palette")), chips(plan.directions[0].palette), plan.palette_reason ? h("p", { class: "hint" }, sentence(plan.palette_reason)) : null),
        h("div", {}, h("h3", {}, t("about.directions")),
          h("ul", {}, plan.directions.map(({ name, reason }) => h("li", {}, h("b", {}, name), ` ${reason}`))),
          h("p", { class: "hint" }, layoutText(job))))) : null,
  ].filter(Boolean);
}

function layoutText({ plan, brief: { surface } }) {
  const layout = t(`about.layout.${plan.layout}`, { size: sides(surface) });
  return `${layout} ${t("about.pixel", { mm: number(plan.mm_per_pixel, { most: 1, least: 1 }) })}`;
}
