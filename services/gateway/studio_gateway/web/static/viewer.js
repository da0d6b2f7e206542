// One concept large: as it is laid, two of its pictures under a slider, in the yard, or edited; then figures and files.

import { jobPath } from "./api.js";
import { sideBySide } from "./beside.js";
import { comparison } from "./compare.js";
import { downloads, installer, materials } from "./details.js";
import { byId, h, percent, sides } from "./dom.js";
import { Editor } from "./edit.js";
import { laidView } from "./lay.js";
import { number, t } from "./messages.js";
import { star } from "./notes.js";
import { chips, KINDS, measures, scoreWord } from "./results.js";
import { Photo } from "./photo.js";
import { Scene } from "./scene.js";
import { shows } from "./share.js";

const VIEWS = ["laid", "compare", "scene", "photo", "edit", "beside"];
const ZOOMS = [1, 1.5, 2, 3, 4];

/** The dialog. `show(job, id)` opens or refreshes it; `closed` is called when it was closed, `mark` to mark a favourite. */
export class Viewer {
  constructor(go, closed, mark) {
    this.dialog = byId("viewer");
    this.go = go;
    this.mark = mark;
    this.view = "laid";
    this.zoom = 0;
    this.marked = false;
    this.measured = false;
    this.onSurface = false;
    this.split = 50;
    this.scene = new Scene();
    this.photo = new Photo();
    this.dialog.addEventListener("close", closed);
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    this.dialog.addEventListener("keydown", (event) => this.key(event));
  }

  get isOpen() {
    return this.dialog.open;
  }

  close() {
    if (this.isOpen) this.dialog.close();
  }

  key(event) {
    if (event.target.matches("input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowRight") this.step(1);
    if (event.key === "ArrowLeft") this.step(-1);
    const chosen = this.possibleViews()[Number(event.key) - 1];
    if (chosen) this.choose(chosen);
  }

  step(by) {
    const ordered = inOrder(this.job);
    const next = ordered[ordered.findIndex((concept) => concept.id === this.concept.id) + by];
    if (next) this.go(next.id);
  }

  /** One concept alone has none to stand beside. */
  possibleViews() {
    return VIEWS.filter((view) => view !== "beside" || this.job.concepts.length > 1);
  }

  choose(view) {
    this.view = view;
    this.draw();
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
    const path = jobPath(job.id, `/concepts/${encodeURIComponent(concept.id)}`);
    const focused = document.activeElement?.id;
    this.dialog.replaceChildren(
      h("header", {},
        h("h2", { id: "viewer-title", tabindex: "-1" }, concept.rank ? t(job.shared?.favourites_only ? "viewer.concept" : "viewer.concept_of", { rank: concept.rank, count: ordered.length }) : t("job.title"), h("small", {}, scoreWord(concept.score))),
        h("div", { class: "arrows" }, star(concept, this.mark), arrow(-1, t("viewer.previous"), "←"), arrow(1, t("viewer.next"), "→"),
          h("button", { type: "button", class: "quiet", "aria-label": t("viewer.close"), onclick: () => this.dialog.close() }, "✕"))),
      h("div", { class: "large" }, this.views(), ...this.stage()),
      h("div", { class: "columns details" },
        h("section", {}, h("h3", {}, t("viewer.why")), h("p", { class: "score-line" }, t("score", { percent: percent(concept.score) })), measures(concept.quality),
          h("p", { class: "hint" }, t("viewer.difference", { value: number(concept.quality.mean_delta_e, { most: 1, least: 1 }) }))),
        h("section", {}, h("h3", {}, t("viewer.colours")), chips(concept.palette_used)),
        shows(job, "downloads") ? h("section", {}, h("h3", {}, t("viewer.downloads")), downloads(concept, this.pictures, KINDS, path)) : null),
      ...[installer(concept), materials(concept, shows(job, "downloads") ? path : null)].filter(Boolean));
    const back = focused && byId(focused);
    if (back && this.dialog.contains(back)) back.focus();
  }

  views() {
    return h("div", { class: "views", role: "radiogroup", "aria-label": t("viewer.view") }, this.possibleViews().map((view) => {
      const input = h("input", { type: "radio", name: "view", id: `view-${view}`, value: view, checked: view === this.view, onchange: () => this.choose(view) });
      return h("label", { for: input.id }, input, t(`view.${view}`));
    }));
  }

  /** The picture of the chosen view, and its controls below. */
  stage() {
    if (this.view === "compare") return comparison(this);
    if (this.view === "scene") return this.scene.elements(this.job, this.laidPicture());
    if (this.view === "photo") return this.photo.elements(this.job, this.laidPicture());
    if (this.view === "edit") return this.edit();
    if (this.view === "beside" && this.job.concepts.length > 1) return sideBySide(this, inOrder(this.job));
    const view = laidView(this.job, this.laidPicture(), { zoom: ZOOMS[this.zoom], measured: this.measured, violations: this.marked ? this.concept.violations : [] });
    const { surface } = this.job.brief;
    const step = (by, text, sign) => h("button", { type: "button", class: "quiet", id: `zoom-${by}`, "aria-label": text, disabled: !ZOOMS[this.zoom + by], onclick: () => { this.zoom += by; this.draw(); } }, sign);
    return [view, h("div", { class: "controls" },
      h("span", {}, sides(surface)),
      h("span", { class: "zoom" }, step(-1, t("viewer.smaller"), "−"), h("output", {}, `${ZOOMS[this.zoom] * 100} %`), step(1, t("viewer.larger"), "+")),
      this.toggle("measures", t("viewer.dimensions"), this.measured, (on) => { this.measured = on; }),
      this.canMark() ? this.markToggle() : null,
      document.fullscreenEnabled ? h("button", { type: "button", class: "quiet", onclick: () => view.requestFullscreen() }, t("viewer.full")) : null)];
  }

  /** The editor keeps its edits while one looks at other views of the same concept. */
  edit() {
    if (this.editor?.concept.id !== this.concept.id) this.editor = new Editor(this.job, this.concept, this.laidPicture());
    return this.editor.elements();
  }

  laidPicture() {
    return this.pictures.installable ?? this.pictures.quantized ?? this.pictures.original;
  }

  /** What violates a rule was found on the cleaned picture. */
  canMark() {
    return Boolean(this.pictures.installable) && this.concept.violations?.length > 0;
  }

  markToggle() {
    return this.toggle("marks", t("viewer.marks"), this.marked, (on) => { this.marked = on; });
  }

  toggle(id, label, checked, change) {
    return h("label", { class: "toggle" },
      h("input", { id, type: "checkbox", checked, onchange: (event) => { change(event.target.checked); this.draw(); } }), label);
  }
}

const inOrder = (job) => [...job.concepts].sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
