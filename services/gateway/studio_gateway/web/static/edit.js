// Working on a concept: exchange colours, mirror, turn, undo, and keep the result as a job of its own.

import { ROOT, createJob, newKey, palette, untilAnswered } from "./api.js";
import { h, percent, styled } from "./dom.js";
import { t } from "./messages.js";
import { options } from "./options.js";
import { remember } from "./recent.js";
import { codeAt, edited, paint, readSurface, sharesOf } from "./surface.js";

/** The editor of one concept of a job. `elements()` are its stage and controls. */
export class Editor {
  constructor(job, concept, picture) {
    Object.assign(this, { job, concept, picture });
    this.edits = [];
    this.undone = [];
    this.states = []; // the surface before any edit, and after each
    this.chosen = null; // { code, at } of what was pointed at
    this.everywhere = true;
    this.attempt = { edits: "", key: "" };
    this.canvas = h("canvas", { tabindex: "-1", role: "img", "aria-label": t("edit.canvas"), onclick: (event) => this.point(event) });
    this.frame = h("div", { class: "canvas" }, this.canvas);
    this.panel = h("div", { class: "edit" });
    this.note = h("p", { class: "error", role: "alert" });
    this.ready = this.load();
  }

  elements() {
    return [this.frame, this.panel];
  }

  async load() {
    try {
      this.colours = await untilAnswered(palette);
      this.states = [{ surface: await readSurface(this.picture.url, this.colours), sides: this.job.brief.surface }];
      this.draw();
    } catch (error) {
      this.note.textContent = t("edit.unreadable", { reason: error.message });
      this.panel.replaceChildren(this.note);
    }
  }

  get now() {
    return this.states.at(-1);
  }

  colour(code) {
    return this.colours.find((one) => one.code === code);
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    const code = codeAt(this.now.surface, x, y);
    if (!code) return;
    this.chosen = { code, at: [x * this.now.sides.width_m * 1000, y * this.now.sides.height_m * 1000] };
    this.everywhere = false;
    this.draw();
  }

  make(edit) {
    this.undone = [];
    this.push(edit);
    this.draw();
  }

  push(edit) {
    const { surface, sides } = this.now;
    const across = edit.kind === "turn" && edit.quarters % 2 === 1;
    this.edits.push(edit);
    this.states.push({ surface: edited(surface, edit, sides), sides: across ? { width_m: sides.height_m, height_m: sides.width_m } : sides });
    if (this.chosen && edit.kind === "recolour") this.chosen.code = edit.to;
    else this.chosen = null;
  }

  undo() {
    this.undone.push(this.edits.pop());
    this.states.pop();
    this.chosen = null;
    this.draw();
  }

  redo() {
    this.push(this.undone.pop());
    this.draw();
  }

  recolour(to) {
    const { code, at } = this.chosen;
    this.make({ kind: "recolour", colour: code, to, ...(this.everywhere ? {} : { at }) });
  }

  draw() {
    const focused = document.activeElement?.id;
    paint(this.canvas, this.now.surface, (code) => this.colour(code).hex);
    styled(this.frame, { "--ratio": this.now.sides.width_m / this.now.sides.height_m });
    this.panel.replaceChildren(this.tools(), this.used(), ...(this.chosen ? [this.exchange()] : []), this.note, this.keep());
    if (focused) document.getElementById(focused)?.focus();
  }

  tools() {
    const button = (id, text, action, disabled = false) => h("button", { type: "button", class: "quiet", id, disabled, onclick: action }, text);
    return h("div", { class: "controls" },
      button("undo", t("edit.undo"), () => this.undo(), !this.edits.length), button("redo", t("edit.redo"), () => this.redo(), !this.undone.length),
      button("mirror", t("edit.mirror"), () => this.make({ kind: "mirror", swap: "left_right" })),
      button("flip", t("edit.flip"), () => this.make({ kind: "mirror", swap: "top_bottom" })),
      button("turn-right", t("edit.turn"), () => this.make({ kind: "turn", quarters: 1 })));
  }

  /** The colours there are; one of them is chosen to be exchanged. */
  used() {
    return h("div", { class: "used", role: "group", "aria-label": t("edit.used") }, h("p", { class: "hint" }, t("edit.choose")),
      sharesOf(this.now.surface).map(({ code, share }) => styled(h("button", { type: "button", id: `used-${code}`, class: "chip", "aria-pressed": String(this.chosen?.code === code), onclick: () => {
        this.chosen = { code, at: null };
        this.everywhere = true;
        this.draw();
      } }, h("span", { class: "colour" }), `${this.colour(code).name} `, h("small", {}, percent(share))), { "--colour": this.colour(code).hex })));
  }

  exchange() {
    const { code, at } = this.chosen;
    const present = sharesOf(this.now.surface).map((one) => one.code);
    const isFull = !this.everywhere && present.length >= options.max_colours;
    const allowed = this.colours.filter((one) => one.code !== code && (!isFull || present.includes(one.code)));
    const where = (id, everywhere, text) => h("label", {}, h("input", { type: "radio", name: "where", id, checked: this.everywhere === everywhere, onchange: () => {
      this.everywhere = everywhere;
      this.draw();
    } }), text);
    return h("div", { class: "exchange" }, h("h3", {}, t("edit.instead", { colour: this.colour(code).name })),
      at ? h("div", { class: "controls" }, where("this-piece", false, t("edit.piece")), where("everywhere", true, t("edit.everywhere"))) : null,
      h("div", { class: "palette", role: "group", "aria-label": t("edit.new_colour") }, allowed.map((one) =>
        styled(h("button", { type: "button", class: "dot", id: `to-${one.code}`, title: `${one.name} ${one.code}`, "aria-label": one.name, onclick: () => this.recolour(one.code) }), { "--colour": one.hex }))),
      isFull ? h("p", { class: "hint" }, t("edit.full", { most: options.max_colours })) : null);
  }

  keep() {
    return h("div", { class: "controls" },
      h("button", { type: "button", class: "primary", id: "keep", disabled: !this.edits.length, onclick: (event) => this.save(event.currentTarget) }, t("edit.keep")),
      h("p", { class: "hint" }, t("edit.keep.hint")));
  }

  async save(button) {
    button.disabled = true;
    this.note.textContent = "";
    const edits = JSON.stringify(this.edits);
    if (this.attempt.edits !== edits) this.attempt = { edits, key: newKey() };
    try {
      const job = await createJob({ from: { job: this.job.id, concept: this.concept.id, edits: this.edits } }, this.attempt.key);
      remember(job);
      location.assign(`${ROOT}jobs/${job.id}`);
    } catch (error) {
      this.note.textContent = t("and_then", { first: error.title, second: error.errors.map(({ detail }) => detail).join(" ") || error.message });
      button.disabled = false;
    }
  }
}
