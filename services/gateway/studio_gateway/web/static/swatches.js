// The colours that can be bought, as a group of check boxes with a maximum of checked ones.

import { byId, h, styled } from "./dom.js";
import { t } from "./messages.js";
import { oneStop } from "./roving.js";

export class Swatches {
  /** `changed` is called with the chosen colours after every change. */
  constructor(colours, most, changed) {
    this.colours = colours;
    this.most = most;
    this.changed = changed;
    this.boxes = colours.map((colour) =>
      h("input", { type: "checkbox", name: "palette", value: colour.code, "aria-describedby": "palette-error" }));
    byId("swatches").replaceChildren(...colours.map((colour, i) =>
      styled(h("label", { class: "swatch" }, this.boxes[i], h("span", { class: "colour" }),
        h("span", { class: "name" }, colour.name), h("small", {}, colour.code)), { "--colour": colour.hex })));
    byId("swatches").addEventListener("change", () => this.update());
    this.refreshStop = oneStop(byId("swatches"), this.boxes);
    byId("clear").addEventListener("click", () => {
      this.choose([]);
      this.boxes[0].focus();
      byId("swatches").dispatchEvent(new Event("input", { bubbles: true }));
    });
    this.update();
  }

  get chosen() {
    return this.colours.filter((_, i) => this.boxes[i].checked);
  }

  choose(codes) {
    for (const box of this.boxes) box.checked = codes.includes(box.value);
    this.update();
  }

  update() {
    const { chosen, most } = this;
    const full = chosen.length >= most;
    for (const box of this.boxes) box.disabled = full && !box.checked;
    this.refreshStop();
    byId("clear").hidden = chosen.length === 0;
    byId("palette-hint").textContent = hint(chosen.length, most);
    this.changed(chosen);
  }
}

function hint(count, most) {
  if (count === 0) return t("form.colours.up_to", { none: t("form.colours.none"), most });
  if (count < most) return t("form.colours.some", { count, most });
  return t("form.colours.full", { count, most });
}
