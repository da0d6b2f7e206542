// One concept large: two of its pictures under a slider, its violations, materials and files.

import { byId, h, metres, percent, styled, svg } from "./dom.js";
import { fits, layer } from "./lay.js";
import { ruleText } from "./options.js";
import { chips, measures } from "./results.js";

const KINDS = { original: "Original", quantized: "Clamped", installable: "Installable" };

const FORMATS = { "image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WebP" };

const name = (kind) => KINDS[kind];
const downloadUrl = (url) => `${url}${url.includes("?") ? "&" : "?"}download`;

/** The dialog. `show(job, id)` opens or refreshes it; `closed` is called when it was closed. */
export class Viewer {
  constructor(go, closed) {
    this.dialog = byId("viewer");
    this.go = go;
    this.sides = null;
    this.split = 50;
    this.onSurface = false;
    this.marked = false;
    this.dialog.addEventListener("close", closed);
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    this.dialog.addEventListener("keydown", (event) => {
      if (event.target.matches("input, select")) return;
      if (event.key === "ArrowRight") this.step(1);
      if (event.key === "ArrowLeft") this.step(-1);
    });
  }

  get isOpen() {
    return this.dialog.open;
  }

  close() {
    if (this.isOpen) this.dialog.close();
  }

  step(by) {
    const ordered = inOrder(this.job);
    const next = ordered[ordered.findIndex((concept) => concept.id === this.concept.id) + by];
    if (next) this.go(next.id);
  }

  show(job, id) {
    const concept = job.concepts.find((candidate) => candidate.id === id);
    if (!concept) return;
    this.job = job;
    this.concept = concept;
    this.pictures = Object.fromEntries(Object.keys(KINDS).filter((kind) => concept.pictures[kind]).map((kind) => [kind, concept.pictures[kind]]));
    const kinds = Object.keys(this.pictures);
    if (!this.sides?.every((kind) => kinds.includes(kind))) this.sides = [kinds[0], kinds.at(-1)];
    this.draw();
    if (!this.isOpen) this.dialog.showModal();
  }

  draw() {
    const { concept, job } = this;
    const ordered = inOrder(job);
    const place = ordered.indexOf(concept);
    const arrow = (by, text, sign) => h("button", { type: "button", class: "quiet", "aria-label": text, disabled: !ordered[place + by], onclick: () => this.step(by) }, sign);
    const focused = document.activeElement?.id;
    this.dialog.replaceChildren(
      h("header", {},
        h("h2", { id: "viewer-title", tabindex: "-1" }, concept.rank ? `Concept ${concept.rank} of ${ordered.length}` : "Concept", h("small", {}, `score ${percent(concept.score)}`)),
        h("div", { class: "arrows" }, arrow(-1, "Previous concept", "←"), arrow(1, "Next concept", "→"),
          h("button", { type: "button", class: "quiet", "aria-label": "Close", onclick: () => this.dialog.close() }, "✕"))),
      h("div", { class: "large" }, this.stage(), this.controls()),
      h("div", { class: "columns details" },
        h("section", {}, h("h3", {}, "Score"), measures(concept.quality),
          h("p", { class: "hint" }, `Mean difference from the original: ΔE ${concept.quality.mean_delta_e.toFixed(1)}`)),
        h("section", {}, h("h3", {}, "Colours used"), chips(concept.palette_used)),
        h("section", {}, h("h3", {}, "Downloads"), downloads(concept, this.pictures))),
      installer(concept), materials(concept));
    const back = focused && byId(focused);
    if (back && this.dialog.contains(back)) back.focus();
  }

  stage() {
    const { surface } = this.job.brief;
    const wholeSurface = this.isLaid();
    const first = this.pictures[this.sides[0]];
    const ratio = wholeSurface ? surface.width_m / surface.height_m : first.width / first.height;
    const [under, over] = this.sides.map((kind) => {
      const picture = this.pictures[kind];
      return wholeSurface ? layer(this.job, picture, name(kind)) : h("div", { class: "laid" }, styled(h("img", { src: picture.url, alt: name(kind), draggable: "false" }), { width: "100%", height: "100%", left: "0", top: "0" }));
    });
    over.classList.add("over");
    const slider = h("input", { id: "split", type: "range", min: 0, max: 100, step: "any", value: this.split, "aria-label": `Slider between ${name(this.sides[0])} and ${name(this.sides[1])}` });
    const stage = h("div", { class: "compare" }, under, over,
      wholeSurface && this.marked && this.canMark() ? overlay(this.concept, surface, this.sides[1] === "installable" ? "over" : "left") : null,
      h("span", { class: "tag left", "aria-hidden": "true" }, name(this.sides[0])), h("span", { class: "tag right", "aria-hidden": "true" }, name(this.sides[1])),
      h("span", { class: "handle", "aria-hidden": "true" }), slider);
    const set = () => {
      this.split = slider.valueAsNumber;
      stage.style.setProperty("--split", `${this.split}%`);
      slider.setAttribute("aria-valuetext", `${Math.round(this.split)} % ${name(this.sides[0])}, the rest ${name(this.sides[1])}`);
    };
    slider.addEventListener("input", set);
    styled(stage, { "--ratio": ratio });
    set();
    return stage;
  }

  /** Pictures of two shapes can only be compared where both are laid on the surface. */
  mustLay() {
    return this.sides.includes("installable") && this.sides.some((kind) => !fits(this.job.brief.surface, this.pictures[kind]));
  }

  isLaid() {
    return this.onSurface || this.mustLay() || (this.marked && this.canMark());
  }

  /** What violates a rule was found on the cleaned picture. */
  canMark() {
    return this.sides.includes("installable") && this.concept.violations?.length > 0;
  }

  controls() {
    const kinds = Object.keys(this.pictures);
    const choice = (side, label) => h("label", {}, label, h("select", { id: `side-${side}`, onchange: (event) => {
      this.sides[side] = event.target.value;
      this.draw();
    } }, kinds.map((kind) => h("option", { value: kind, selected: kind === this.sides[side] }, name(kind)))));
    const toggle = (id, label, checked, change) => h("label", { class: "toggle" },
      h("input", { id, type: "checkbox", checked, onchange: (event) => { change(event.target.checked); this.draw(); } }), label);
    const { surface } = this.job.brief;
    const mayLay = !this.mustLay() && !fits(surface, this.pictures[this.sides[0]]);
    return h("div", { class: "controls" }, choice(0, "Left"), choice(1, "Right"),
      mayLay ? toggle("on-surface", `On the ${metres(surface.width_m)} × ${metres(surface.height_m)} m`, this.onSurface, (on) => { this.onSurface = on; }) : null,
      this.canMark() ? toggle("marks", "Mark violations", this.marked, (on) => { this.marked = on; }) : null);
  }
}

const inOrder = (job) => [...job.concepts].sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0));

/** Boxes of the violations; they are given in millimetres from the surface's top left corner. */
function overlay(concept, surface, side) {
  const [width, height] = [surface.width_m * 1000, surface.height_m * 1000];
  const least = Math.max(width, height) / 60;
  const boxes = (concept.violations ?? []).map(({ rule, box }) => {
    const [left, top, across, down] = box;
    const [w, hgt] = [Math.max(across, least), Math.max(down, least)];
    return svg("rect", { x: left + (across - w) / 2, y: top + (down - hgt) / 2, width: w, height: hgt, rx: least / 5 }, svg("title", {}, ruleText(rule)));
  });
  return boxes.length ? svg("svg", { class: `marks ${side}`, viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" }, ...boxes) : null;
}

function installer({ installer: says }) {
  if (!says) return null;
  const left = Object.entries(says.counts).filter(([, count]) => count > 0);
  return h("section", {}, h("h3", {}, "What an installer would say"),
    h("p", {}, `${says.score} of 100 once cleaned, ${says.score_before} before.${says.kept === null ? "" : ` Kept ${percent(says.kept)} of what the picture shows.`}`),
    left.length ? h("ul", { class: "plain" }, left.map(([rule, count]) => h("li", {}, `${count} × ${ruleText(rule)}`)))
      : h("p", { class: "hint" }, "No rule is broken."));
}

function materials({ materials: needs, palette_used: used }) {
  if (!needs) return null;
  const colour = (code) => used.find((one) => one.code === code);
  const figure = (value, unit) => h("td", {}, `${value} ${unit}`);
  return h("section", {}, h("h3", {}, "Materials"),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Materials" }, h("table", { class: "figures" },
      h("thead", {}, h("tr", {}, ["Colour", "Share", "Area", "Granule", "Bags"].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, needs.colours.map((line) => h("tr", {},
        styled(h("th", { scope: "row" }, h("span", { class: "colour", "aria-hidden": "true" }), `${colour(line.code)?.name ?? ""} `, h("small", {}, line.code)), { "--colour": colour(line.code)?.hex ?? "transparent" }),
        h("td", {}, percent(line.share)), figure(line.area_m2.toFixed(2), "m²"), figure(line.kg.toFixed(1), "kg"), h("td", {}, String(line.bags))))),
      h("tfoot", {}, h("tr", {}, h("th", { scope: "row" }, "Total"), h("td", {}, ""), figure(needs.area_m2.toFixed(2), "m²"), figure(needs.kg.toFixed(1), "kg"), h("td", {}, String(needs.bags)))))),
    h("p", { class: "hint" }, `Binder for wet pour: ${needs.binder_kg.map((kg) => kg.toFixed(1)).join(" to ")} kg. Granule includes wastage.`));
}

function downloads(concept, pictures) {
  const files = [...Object.entries(pictures), ...Object.entries(concept.vectors ?? {})];
  return h("ul", { class: "files" }, files.map(([kind, file]) => h("li", {},
    h("a", { href: downloadUrl(file.url), download: "" }, KINDS[kind] ?? kind.toUpperCase(), h("small", {}, FORMATS[file.media_type] ?? "")))));
}
