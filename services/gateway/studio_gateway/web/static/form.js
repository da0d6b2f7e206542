// The page on which a brief is written.

import { JobReader, ROOT, createFromPicture, createJob, newKey, palette, usage } from "./api.js";
import { byId, dollars, duration, h, metres, numberIn as number } from "./dom.js";
import { language, t } from "./messages.js";
import { cost, options, typicalSeconds } from "./options.js";
import { OwnPicture, asFields } from "./own_picture.js";
import { PERSON_M, drawOutline } from "./outline.js";
import { clearUnsent, keepUnsent, unsent } from "./unsent.js";
import { requireSession } from "./session.js";
import { remember, showRecent } from "./recent.js";
import { oneStop } from "./roving.js";
import { Swatches } from "./swatches.js";
import { Yard } from "./yard.js";

const form = byId("brief");
const BUTTONS = form.querySelectorAll("[type=submit]");
let swatches = null;
let own = null;
let yard = null;
let reusedCodes = [];
let project = ""; // of the job whose brief is changed
let budget = null; // what may be spent now, once it is known
let attempt = { body: "", key: "" };

function brief() {
  const wanted = {
    prompt: byId("prompt").value,
    surface: yard?.surface ?? { width_m: number("width"), height_m: number("height") },
    style: form.elements.style.value,
    count: number("count"),
  };
  const codes = swatches ? swatches.chosen.map((colour) => colour.code) : reusedCodes;
  if (codes.length) wanted.palette = codes;
  if (number("seed") !== null) wanted.seed = number("seed");
  if (byId("strategy").value) wanted.strategy = byId("strategy").value;
  if (project) wanted.project = project;
  return wanted;
}

/** Why this number of pictures will be refused, before the button is pressed; "" when it will not. */
function overBudget(count) {
  if (!budget || cost(count) <= budget.left_cents) return "";
  if (budget.stopped) return t("form.budget.stopped");
  const sum = dollars(budget.left_cents);
  if (budget.budget === "job") return t("form.budget.job", { sum });
  const time = new Date(budget.resets_at).toLocaleString(language, { weekday: "short", hour: "2-digit", minute: "2-digit" });
  return t("form.budget.until", { sum, time });
}

async function loadBudget() {
  budget = await usage().catch(() => null);
  update();
}

function update() {
  const [width, height, count] = [number("width"), number("height"), number("count")];
  byId("prompt-count").textContent = t("form.left", { count: byId("prompt").maxLength - byId("prompt").value.length });
  byId("count-shown").textContent = count;
  const isLaid = Boolean(own?.file) && own.isLaid;
  byId("submit").textContent = isLaid ? t("own.lay") : t("form.draw", { concepts: t("concepts", { count }) });
  byId("draft").hidden = byId("draft-hint").hidden = Boolean(own?.file);
  byId("more-hint").textContent = [t("pictures", { count }),
    number("seed") === null ? t("form.seed.random") : t("form.seed.given", { seed: String(number("seed")) }),
    byId("strategy").value ? byId("strategy").selectedOptions[0].dataset.title : t("form.strategy.chosen")].join(" · ");
  byId("price-sum").textContent = dollars(isLaid ? 0 : cost(count));
  byId("price-terms").textContent = isLaid ? t("own.free") : overBudget(count) || t("form.price.terms", { count, price: dollars(cost(1)) });
  const seconds = typicalSeconds(isLaid ? "draft" : "painted", isLaid ? 1 : count);
  byId("time-hint").textContent = seconds ? t("form.time", { duration: duration(seconds) }) : "";
  const real = [width, height].every((side) => side >= options.min_side_m && side <= options.max_side_m);
  byId("outline").toggleAttribute("data-stale", !real); // the last surface that was possible
  const outlined = real && yard?.surface;
  byId("outline-caption").textContent = outlined ? t("yard.caption", { width: outlined.width_m, height: outlined.height_m, person: PERSON_M })
    : real ? t("form.outline.caption", { height: PERSON_M })
    : t("form.outline.limits", { least: options.min_side_m, most: options.max_side_m });
  byId("area").textContent = real ? `${metres(outlined ? yard.area : width * height)} m²` : "";
  const [right, bottom] = yard?.reach ?? [0, 0]; // a border that is being written may reach over the sides
  if (real) drawOutline(Math.max(width, right), Math.max(height, bottom), swatches ? swatches.chosen.map((colour) => colour.hex) : [], own?.preview, yard?.shown);
}

// Problems are shown beside their field in the API's words, except for empty required fields.
const EMPTY = [
  ["prompt", () => !byId("prompt").value.trim() && !(own.file && own.isLaid), t("form.empty.prompt")],
  ["surface.width_m", () => number("width") === null, t("form.empty.width")],
  ["surface.height_m", () => number("height") === null, t("form.empty.height")],
];
const LABELS = { "surface.width_m": t("form.width"), "surface.height_m": t("form.height") };

function place(field) {
  const whole = field.split(".")[0];
  if (field.startsWith("surface.outline")) field = "surface.outline";
  return { error: byId(`${whole}-error`), control: document.querySelector(`[data-field="${field}"]`) ?? document.querySelector(`[data-field="${whole}"]`) };
}

function clearProblems() {
  for (const element of document.querySelectorAll(".error")) element.textContent = "";
  for (const element of document.querySelectorAll("[aria-invalid]")) element.removeAttribute("aria-invalid");
}

function showProblems(problems) {
  clearProblems();
  let first = null;
  for (const { field, detail } of problems) {
    const { error, control } = place(field);
    if (!error || !control) {
      byId("form-error").textContent += `${t("form.problem", { field, problem: detail })} `;
      continue;
    }
    error.textContent += `${error.textContent ? "\n" : ""}${LABELS[field] ? t("form.problem", { field: LABELS[field], problem: detail }) : detail}`;
    const input = control.matches("input") ? control : control.querySelector("textarea, input, select");
    input.setAttribute("aria-invalid", "true");
    first ??= input;
  }
  if (first?.closest("details")) first.closest("details").open = true;
  first?.focus();
}

async function submit(event) {
  event.preventDefault();
  const kind = event.submitter?.value ?? "painted";
  const empty = EMPTY.filter(([, isEmpty]) => isEmpty()).map(([field, , detail]) => ({ field, detail }));
  if (empty.length) return showProblems(empty);
  clearProblems();
  const { file } = own;
  const wanted = file ? own.parameters(brief()) : kind === "draft" ? { ...brief(), kind } : brief();
  const body = JSON.stringify([wanted, file?.name, file?.size, file?.lastModified]);
  if (attempt.body !== body) attempt = { body, key: newKey() };
  form.setAttribute("aria-busy", "true");
  for (const button of BUTTONS) button.disabled = true;
  try {
    const job = await (file ? createFromPicture(file, wanted, attempt.key) : createJob(wanted, attempt.key));
    remember(job);
    clearUnsent();
    location.assign(`${ROOT}jobs/${job.id}`);
  } catch (error) {
    if (error.errors.length) showProblems(asFields(error.errors));
    else byId("form-error").textContent = t("and_then", { first: error.title, second: error.message });
    release();
  }
}

function release() {
  form.removeAttribute("aria-busy");
  for (const button of BUTTONS) button.disabled = false;
}

/** Fill the form with the brief of the job in `?from=`, else with what was typed here and not sent. */
async function reuse() {
  const from = new URLSearchParams(location.search).get("from");
  if (!from) return fill(unsent());
  const job = await new JobReader(from).read().catch(() => null);
  project = job?.project ?? "";
  fill(job?.brief);
}

function fill(brief) {
  if (!brief) return;
  byId("prompt").value = brief.picture && brief.kind === "draft" ? "" : brief.prompt; // it may be none but the studio's word
  byId("width").value = brief.surface.width_m ?? "";
  byId("height").value = brief.surface.height_m ?? "";
  if (brief.surface.outline) yard.take(brief.surface);
  form.elements.style.value = brief.style;
  byId("count").value = brief.count;
  byId("seed").value = brief.seed ?? "";
  byId("strategy").value = brief.strategy ?? "";
  reusedCodes = brief.palette ?? [];
  swatches?.choose(reusedCodes);
  update();
}

/** A problem is gone from the page as soon as its field is edited. */
function edited(event) {
  const field = event.target.closest("[data-field]")?.closest("section, fieldset, .grid > div");
  for (const error of field?.querySelectorAll(".error") ?? []) error.textContent = "";
  for (const input of field?.querySelectorAll("[aria-invalid]") ?? []) input.removeAttribute("aria-invalid");
  byId("form-error").textContent = "";
  keepUnsent(brief());
}

/** What the API allows, in the form's own controls. */
function applyOptions() {
  byId("prompt").maxLength = options.max_prompt;
  byId("count").max = options.max_pictures;
  byId("count-hint").textContent = t("form.pictures.range", { most: options.max_pictures });
  byId("seed").max = options.max_seed;
  for (const side of [byId("width"), byId("height")]) [side.min, side.max] = [options.min_side_m, options.max_side_m];
  byId("strategy").append(...options.strategies.map(({ name, title, text }) =>
    h("option", { value: name, "data-title": title }, text ? `${title}: ${text}` : title)));
  for (const { name, title, text } of options.styles) {
    const words = document.querySelector(`[data-style="${name}"]`);
    words?.replaceChildren(h("b", {}, title), h("small", {}, text));
  }
}

async function loadColours() {
  try {
    swatches = new Swatches(await palette(), options.max_colours, update);
    swatches.choose(reusedCodes);
  } catch {
    byId("palette-hint").textContent = t("form.colours.lost");
    setTimeout(loadColours, 5000);
  }
}

form.addEventListener("submit", submit);
form.addEventListener("input", (event) => {
  update();
  edited(event);
});
form.addEventListener("keydown", (event) => {
  const isControlled = event.ctrlKey || event.metaKey;
  if (event.key === "Enter" && isControlled) form.requestSubmit(byId("submit"));
  if (event.key === "x" && !isControlled && event.target.matches("#width, #height")) { // no number has an x
    event.preventDefault();
    byId("swap").click();
  }
});
byId("swap").addEventListener("click", () => {
  const [width, height] = [byId("width"), byId("height")];
  [width.value, height.value] = [height.value, width.value];
  yard.swap();
  width.dispatchEvent(new Event("input", { bubbles: true })); // what was wrong with them is gone, and the draft is kept
});
const examples = [...document.querySelectorAll(".examples .chip")];
oneStop(document.querySelector(".examples"), examples);
for (const chip of examples) {
  chip.addEventListener("click", () => {
    byId("prompt").value = chip.textContent;
    form.elements.style.value = chip.dataset.chipStyle;
    byId("prompt").focus();
    byId("prompt").dispatchEvent(new Event("input", { bubbles: true }));
  });
}
addEventListener("pageshow", () => { // also when the browser brings the page back from its cache
  release();
});
applyOptions();
yard = new Yard(update);
own = new OwnPicture(update);
update();
requireSession();
loadBudget();
showRecent();
loadColours();
reuse();
