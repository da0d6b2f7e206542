// The pictures of a job: a gallery in rank order, the palette and the notes that go with it.

import { dollars, h, metres, percent, plural, sentence, styled } from "./dom.js";
import { showStar, star } from "./notes.js";
import { cost, isFinal } from "./options.js";

export const MEASURES = [
  ["fidelity", "Fidelity", "how little the clamp had to change"],
  ["flatness", "Flatness", "large calm areas instead of specks"],
  ["contrast", "Contrast", "how well neighbouring colours differ"],
  ["balance", "Balance", "one base colour, then accents and highlights"],
  ["adherence", "Adherence", "how closely it follows the stencil"],
  ["installability", "Installable", "how little an installer would object to"],
];

const WORDS = [[0.7, "Very good"], [0.55, "Good"], [0.4, "Fair"], [0, "Weak"]];

/** A score (0 to 1) in one word. */
export const scoreWord = (score) => WORDS.find(([least]) => score >= least)[1];

/** What a score is made of, measured figures only. */
export function measures(quality) {
  return h("dl", { class: "measures" }, MEASURES.filter(([key]) => typeof quality[key] === "number").map(([key, name, meaning]) =>
    h("div", {}, h("dt", {}, name, h("small", {}, meaning)), h("dd", {}, percent(quality[key])),
      h("dd", {}, h("meter", { min: 0, max: 1, value: quality[key], "aria-label": `${name}: ${meaning}` })))));
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
    this.title.textContent = job.status === "completed" ? `${plural(count, isDraft ? "draft" : "concept")}, best first` : "Pictures so far";
    this.note.textContent = running ? `${count} of ${expected}` : "Open one to compare it and to download.";
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
        isDraft ? `Paint this draft, ${dollars(cost(count))}` : `${count} more like this, ${dollars(cost(count))}`));
  }

  card(concept, job) {
    const picture = concept.pictures.thumbnail ?? concept.pictures.quantized;
    const shape = concept.pictures.quantized ?? picture;
    return h("li", { class: "concept" },
      h("button", { type: "button", "data-concept": concept.id, onclick: () => this.open(concept.id) },
        h("span", { class: "rank" }),
        h("img", { src: picture.url, width: shape.width, height: shape.height, alt: "", decoding: "async" }),
        h("span", { class: "score" }, scoreWord(concept.score), h("span", { class: "hidden" }, `. Open concept of ${job.brief.prompt}`))),
      star(concept, this.mark),
      shareStrip(concept.palette_used),
      this.direction(concept, job),
      h("details", { class: "why" }, h("summary", {}, "Why"), h("p", { class: "score-line" }, `Score ${percent(concept.score)}`), measures(concept.quality)),
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
    warnings.length ? h("aside", { class: "notice warn" }, h("b", {}, "Worth knowing"), h("ul", {}, warnings.map((warning) => h("li", {}, warning.text)))) : null,
    plan ? h("section", { class: "plan" }, h("h2", {}, "The plan"),
      h("div", { class: "columns" },
        h("div", {}, h("h3", {}, "Palette"), chips(plan.directions[0].palette), h("p", { class: "hint" }, sentence(plan.palette_reason))),
        h("div", {}, h("h3", {}, "Directions"),
          h("ul", {}, plan.directions.map(({ name, reason }) => h("li", {}, h("b", {}, name), ` ${reason}`))),
          h("p", { class: "hint" }, layoutText(job))))) : null,
  ].filter(Boolean);
}

function layoutText({ plan, brief: { surface } }) {
  const size = `${metres(surface.width_m)} × ${metres(surface.height_m)} m`;
  return {
    full: `The picture covers the ${size}; at most a narrow edge is cropped.`,
    framed: `The picture lies in the middle of the ${size}, framed in the base colour with a border.`,
    tiled: `The picture repeats along the ${size}, every other copy mirrored.`,
  }[plan.layout] + ` A pixel is ${plan.mm_per_pixel.toFixed(1)} mm.`;
}
