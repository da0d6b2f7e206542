// What the owner notes on a job: name, project, notes; and its deletion.

import { ROOT, changeJob, deleteJob, projects } from "./api.js";
import { byId, h } from "./dom.js";
import { t } from "./messages.js";
import { isFinal } from "./options.js";
import { forget } from "./recent.js";

const FIELDS = ["name", "project", "notes"];

/** The form in `element`; `changed(job)` is called with the job as it is after a change. */
export class Notes {
  constructor(element, changed) {
    this.element = element;
    this.changed = changed;
    this.note = h("p", { class: "hint", role: "status" });
    this.problem = h("p", { class: "error", role: "alert" });
    this.removal = h("div", { class: "controls removal" });
    this.known = h("datalist", { id: "known-projects" });
    this.form = h("form", { class: "notes", onsubmit: (event) => this.save(event), oninput: () => { this.note.textContent = ""; } },
      h("label", {}, t("notes.name"), h("input", { type: "text", id: "note-name", maxlength: 100, autocomplete: "off" })),
      h("label", {}, t("jobs.project"), h("input", { type: "text", id: "note-project", maxlength: 60, autocomplete: "off", list: "known-projects" })),
      h("label", { class: "wide" }, t("notes.notes"), h("textarea", { id: "note-notes", rows: 3, maxlength: 4000 })),
      h("div", { class: "controls wide" }, h("button", { type: "submit" }, t("notes.save")), this.note, this.removal), this.problem, this.known);
    element.replaceChildren(h("details", { class: "more", ontoggle: () => this.opened() }, h("summary", {}, h("b", {}, t("notes.title"))), this.form));
  }

  /** Fields that nobody is writing in follow the job. */
  update(job) {
    for (const name of FIELDS) {
      const field = byId(`note-${name}`);
      if (!this.job || field.value === this.job[name]) field.value = job[name];
    }
    const had = this.job && isFinal(this.job);
    this.job = job;
    this.element.hidden = false;
    if (isFinal(job) && !had) this.askLater();
  }

  async opened() {
    this.known.replaceChildren(...(await projects().catch(() => [])).map(({ name }) => h("option", { value: name })));
  }

  async save(event) {
    event.preventDefault();
    const details = Object.fromEntries(FIELDS.map((name) => [name, byId(`note-${name}`).value]));
    this.problem.textContent = "";
    try {
      const job = await changeJob(this.job.id, details);
      for (const name of FIELDS) byId(`note-${name}`).value = job[name];
      this.changed(job);
      this.note.textContent = t("notes.saved");
    } catch (error) {
      this.problem.textContent = error.errors.map(({ detail }) => detail).join(" ") || t("and_then", { first: error.title, second: error.message });
    }
  }

  /** Deleting takes two presses, the second on another button. */
  askLater() {
    this.removal.replaceChildren(h("button", { type: "button", class: "quiet", id: "delete", onclick: () => this.ask() }, t("notes.delete")));
  }

  ask() {
    const really = h("button", { type: "button", class: "danger", onclick: () => this.remove() }, t("notes.delete.really"));
    this.removal.replaceChildren(really, h("button", { type: "button", class: "quiet", onclick: () => this.askLater() }, t("notes.keep")));
    really.focus();
  }

  async remove() {
    try {
      await deleteJob(this.job.id);
      forget(this.job.id);
      location.assign(`${ROOT}jobs`);
    } catch (error) {
      this.problem.textContent = t("and_then", { first: error.title, second: error.message });
    }
  }
}

/** The button that marks a concept as a favourite; `mark(id, isFavourite)` does it. */
export function star(concept, mark) {
  const button = h("button", { type: "button", class: "star", onclick: () => mark(concept.id, button.getAttribute("aria-pressed") !== "true") });
  return showStar(button, concept);
}

/** Bring a button of `star` up to date. */
export function showStar(button, { is_favourite: isFavourite, rank }) {
  button.setAttribute("aria-pressed", String(Boolean(isFavourite)));
  button.setAttribute("aria-label", rank ? t("favourite.concept", { rank }) : t("favourite"));
  button.textContent = isFavourite ? "★" : "☆";
  return button;
}
