// A picture of one's own, begun with in the place of a brief: chosen or dropped, seen on the surface before it is sent.

import { byId } from "./dom.js";
import { t } from "./messages.js";

const MOST_BYTES = 8 * 2 ** 20;

/** The picture that was chosen, and what is wanted of it; `changed` is called when that changes. */
export class OwnPicture {
  constructor(changed) {
    this.changed = changed;
    this.file = null;
    this.input = byId("picture");
    this.input.addEventListener("change", () => this.take(this.input.files[0]));
    byId("own-remove").addEventListener("click", () => {
      this.take(null);
      this.input.focus();
    });
    byId("own-options").addEventListener("change", () => changed());
    const form = byId("brief");
    form.addEventListener("dragover", (event) => [...event.dataTransfer.items].some((item) => item.kind === "file") && event.preventDefault());
    form.addEventListener("drop", (event) => {
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      this.take(event.dataTransfer.files[0]);
    });
    this.take(this.input.files[0]); // the browser brings it back with the page
  }

  /** Show this file, or none. What it really is the studio finds by its content. */
  take(file) {
    const tooLarge = file && file.size > MOST_BYTES;
    byId("picture-error").textContent = tooLarge ? t("own.too_large", { most: MOST_BYTES / 2 ** 20 }) : "";
    this.file = file && !tooLarge ? file : null;
    if (!this.file) this.input.value = "";
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = this.file ? URL.createObjectURL(this.file) : "";
    this.ratio = 0;
    if (this.file) this.measure(this.url);
    byId("own-options").hidden = !this.file;
    byId("own-name").textContent = this.file?.name ?? "";
    this.changed();
  }

  /** What the browser cannot show has no preview; the studio says what is wrong with it. */
  measure(url) {
    const image = new Image();
    image.addEventListener("load", () => {
      if (url !== this.url) return;
      this.ratio = image.naturalWidth / image.naturalHeight;
      this.changed();
    });
    image.src = url;
  }

  /** Whether it is laid as it is, which costs nothing, and not painted over. */
  get isLaid() {
    return byId("brief").elements.own_kind.value === "draft";
  }

  /** What the preview shows on the surface; null without a picture that can be shown. */
  get preview() {
    return this.ratio ? { url: this.url, ratio: this.ratio, isCropped: byId("brief").elements.own_fit.value === "crop" } : null;
  }

  /** The parameters of the job, from the rest of the form's brief. */
  parameters(brief) {
    const { own_kind: kind, own_fit: fit } = byId("brief").elements;
    const wanted = { ...brief.surface, kind: kind.value, fit: fit.value, style: brief.style, count: brief.count };
    for (const name of ["seed", "project"]) if (brief[name] !== undefined) wanted[name] = brief[name];
    if (wanted.outline) wanted.outline = JSON.stringify(wanted.outline);
    if (brief.prompt.trim()) wanted.prompt = brief.prompt;
    return [...Object.entries(wanted), ...(brief.palette ?? []).map((code) => ["palette", code])];
  }
}

/** Problems with parameters, as problems with the form's fields. */
export const asFields = (problems) => problems.map((problem) => ({ ...problem, field: problem.field.replace(/^(width|height)_m$/, "surface.$1_m") }));
