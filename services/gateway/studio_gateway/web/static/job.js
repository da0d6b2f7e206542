// The page of one job: follows it to its end and shows what there is of it at any time.

import { ROOT, cancelJob, changeJob, createJob, jobPath, newKey } from "./api.js";
import { byId, dollars, h, sides } from "./dom.js";
import { t } from "./messages.js";
import { cost as costOf, isFinal, stateTitle, styleTitle } from "./options.js";
import { Notes } from "./notes.js";
import { Progress, history, stagesOf } from "./progress.js";
import { loadColourNames, readingOf } from "./reading.js";
import { remember } from "./recent.js";
import { known } from "./session.js";
import { arrived } from "./arrived.js";
import { openLink, shareButton, shows } from "./share.js";
import { Results, about } from "./results.js";
import { watchJob } from "./watch.js";

const id = decodeURIComponent(location.pathname.split("/").filter(Boolean).pop());
const progress = new Progress(byId("progress"));
const results = new Results(byId("results"), openConcept, paint, mark);
const notes = new Notes(byId("notes"), show);
const colourNames = loadColourNames();
const again = `${ROOT}?from=${encodeURIComponent(id)}`;
let job = null;
let announced = "";
let viewer = null; // loaded when a concept is opened, as many who look at a job open none

// The open concept is named after the # of the address, so that it can be sent on and "back" closes it.
const named = () => decodeURIComponent(location.hash.slice(1));

function openConcept(concept) {
  location.hash = concept;
}

function closeConcept() {
  const opened = named();
  if (opened) window.history.replaceState(null, "", location.pathname);
  document.querySelector(`[data-concept="${CSS.escape(opened)}"]`)?.focus();
}

async function showNamed() {
  if (!named()) viewer?.close();
  if (!job || !named()) return;
  const { Viewer } = await arrived(() => import("./viewer.js"));
  viewer ??= new Viewer((concept) => location.replace(`#${encodeURIComponent(concept)}`), closeConcept, mark);
  if (named()) viewer.show(job, named());
}

/** Mark a concept as a favourite, or no longer. */
async function mark(concept, isFavourite) {
  try {
    show(await changeJob(id, { favourites: { [concept]: isFavourite } }));
    if (viewer?.isOpen) viewer.show(job, named());
  } catch (error) {
    lost(error);
  }
}

function show(next) {
  if (job && next.version < job.version) return; // a poll that was under way while the job was changed from here
  job = next;
  remember(job);
  const { prompt, surface, style, count, kind } = job.brief;
  const title = job.name || (shows(job, "brief") ? prompt : t("share.untitled"));
  document.title = t("job.tab", { state: titleState(job), name: title });
  if (wantsNotice && isFinal(job)) notify();
  byId("prompt").textContent = title;
  byId("state").textContent = stateTitle(job.status);
  byId("state").dataset.status = job.status;
  byId("facts").replaceChildren(...[job.name && shows(job, "brief") ? t("job.quoted", { text: prompt }) : null, job.project || null, sides(surface), styleTitle(style), kind === "draft" ? t("job.drafts_free") : t("pictures", { count }),
    job.plan && shows(job, "brief") ? t("form.seed.given", { seed: String(job.plan.directions[0].seed) }) : null].filter(Boolean).map((text) => h("li", {}, text)));
  showActions();
  showReading();
  byId("ending").replaceChildren(...ending(job));
  progress.update(job);
  results.update(job);
  notes.update(job);
  byId("about").replaceChildren(...(isFinal(job) ? about(job) : []), ...(isFinal(job) ? [history(job)] : []));
  announce();
  if (!viewer?.isOpen || !job.concepts.some((concept) => concept.id === named())) showNamed();
}

/** The state for the tab's title; a running job says how many of its pictures are there. */
function titleState({ status, concepts, brief }) {
  return status === "running" && concepts.length ? t("job.some_of", { count: concepts.length, most: brief.count }) : stateTitle(status);
}

// Whether the person asked for a notification when the job has ended.
let wantsNotice = false;

async function askForNotice(event) {
  const button = event.currentTarget;
  wantsNotice = (await Notification.requestPermission()) === "granted";
  button.textContent = wantsNotice ? t("job.notify.yes") : t("job.notify.no");
  button.disabled = true;
}

function notify() {
  wantsNotice = false;
  new Notification(t("form.problem", { field: stateTitle(job.status), problem: job.brief.prompt }), { icon: `${ROOT}static/icon.svg`, tag: id });
}

const countText = ({ brief, concepts }) => t(brief.kind === "draft" ? "drafts" : "concepts", { count: concepts.length });

async function showReading() {
  const section = byId("reading");
  await colourNames;
  if (!job.plan?.reading || section.childElementCount) return;
  section.replaceChildren(...readingOf(job, again));
  section.hidden = false;
}

// After a lost response, a second request for the same pictures is the same job. After a return to the page it is a new one.
const keys = new Map();

/** Have directions of this job painted: `{ directions, count }`; no directions means all. */
async function paint(event, { directions, count }) {
  const button = event.currentTarget;
  const key = JSON.stringify({ directions, count });
  if (!keys.has(key)) keys.set(key, newKey());
  button.disabled = true;
  try {
    const painted = await createJob({ from: { job: id, directions }, count }, keys.get(key));
    remember(painted);
    location.assign(`${ROOT}jobs/${painted.id}`);
  } catch (error) {
    lost(error);
    button.disabled = false;
  }
}

/** Of a job that has fewer pictures than were asked for: the others can be drawn. */
function paintMissing() {
  const count = job.brief.count - job.concepts.length;
  if (job.brief.kind === "draft" || !job.concepts.length || count <= 0) return null;
  return h("button", { type: "button", onclick: (event) => paint(event, { directions: [], count }) },
    t("job.missing.draw", { missing: t("job.missing", { count }), price: dollars(costOf(count)) }));
}

function paintAll() {
  const { count } = job.brief;
  return h("button", { type: "button", class: "primary", onclick: (event) => paint(event, { directions: [], count }) },
    t("job.paint_all", { pictures: t("pictures", { count }), price: dollars(costOf(count)) }));
}

function announce() {
  const current = stagesOf(job).find((stage) => stage.state === "now");
  const text = isFinal(job)
    ? t("and_then", { first: stateTitle(job.status), second: job.status === "completed" ? countText(job) : job.error?.title ?? "" })
    : t("and_then", { first: current?.name ?? stateTitle(job.status), second: current?.text ?? "" });
  if (text !== announced) byId("announce").textContent = announced = text;
}

function showActions() {
  const ended = String(isFinal(job));
  if (byId("actions").dataset.ended === ended) return; // a button that has the focus keeps it
  byId("actions").dataset.ended = ended;
  const link = navigator.clipboard ? h("button", { type: "button", class: "quiet", onclick: copyLink }, t("job.copy")) : null;
  byId("actions").replaceChildren(...(isFinal(job)
    ? [job.brief.kind === "draft" && job.concepts.length ? paintAll() : null,
      job.concepts.length && shows(job, "downloads") ? h("a", { class: job.brief.kind === "draft" ? "button" : "button primary", href: jobPath(id, "/bundle.zip"), download: "" }, t("job.download")) : null, paintMissing(), h("a", { class: "button", href: again }, t("job.change")), link, shareButton(id)]
    : [h("button", { type: "button", class: "button", id: "cancel", onclick: cancel }, t("job.cancel")), noticeButton(), link, shareButton(id)]).filter(Boolean));
}

function noticeButton() {
  const possible = "Notification" in window && Notification.permission !== "denied" && job.brief.kind !== "draft";
  return possible ? h("button", { type: "button", class: "quiet", onclick: askForNotice }, t("job.notify")) : null;
}

async function copyLink(event) {
  await navigator.clipboard.writeText(location.origin + location.pathname);
  event.target.textContent = t("job.copied");
}

async function cancel() {
  byId("cancel").disabled = true;
  try {
    show(await cancelJob(id));
  } catch (error) {
    lost(error);
    byId("cancel").disabled = false;
  }
}

// What to do when a job ended without result, by its error's code.
const ADVICE = {
  no_pictures: t("job.advice.no_pictures"),
  too_expensive: t("job.advice.too_expensive"),
  timed_out: t("job.advice.timed_out"),
};

// A link may not show what a job cost.
const isPriced = (cost) => Boolean(cost) || !job.shared;

/** What a job that ended early has cost. */
function charged(cost) {
  if (!isPriced(cost)) return "";
  return cost?.delivered_cents ? t("job.charged", { sum: dollars(cost.delivered_cents), expected: dollars(cost.expected_cents) }) : t("job.charged.nothing");
}

function ending({ status, error, concepts, cost, brief, warnings, predictions }) {
  if (status === "failed") {
    const advice = error.replayable ? t("job.advice.replayable") : ADVICE[error.code] ?? t("job.advice.other");
    return [h("div", { class: "notice bad" }, h("h2", {}, error.title), h("p", {}, error.detail), h("p", {}, `${advice} ${charged(cost)}`),
      h("a", { class: "button primary", href: again }, t("job.try_again")))];
  }
  if (status === "canceled") {
    const kept = concepts.length ? t("job.canceled.kept", { count: concepts.length }) : "";
    const open = predictions.filter((slot) => slot.state === "running" || slot.state === "submitting").reduce((sum, slot) => sum + slot.count, 0);
    const later = open && isPriced(cost) ? t("job.charged.later", { sum: dollars(costOf(open)) }) : "";
    return [h("div", { class: "notice" }, h("h2", {}, t("job.canceled")), h("p", {}, [t("job.canceled.stopped"), kept, charged(cost), later].filter(Boolean).join(" ")),
      h("a", { class: "button primary", href: again }, t("job.start_again")))];
  }
  const missing = job.shared?.favourites_only ? 0 : brief.count - concepts.length;
  if (status === "completed" && brief.kind === "painted" && missing > 0) {
    const reasons = [...new Set(warnings.filter(({ slot }) => slot !== null).map(({ text }) => text))];
    return [h("div", { class: "notice warn", id: "missing" }, h("h2", {}, t("job.missing.of", { count: missing, pictures: t("pictures", { count: brief.count }) })),
      reasons.map((text) => h("p", {}, text)), h("p", { class: "hint" }, charged(cost)))];
  }
  return [];
}

function lost(error) {
  const notice = byId("connection");
  notice.hidden = !error || error.status === 404;
  if (!error) return;
  if (error.status === 404) showUnknown();
  else notice.textContent = t("job.lost", { title: error.title });
}

function showUnknown(title = t("job.unknown"), text = t("job.unknown.why")) {
  document.title = t("job.tab", { state: t("job.unknown.state"), name: title });
  byId("state").textContent = t("job.unknown.state");
  byId("state").dataset.status = "failed";
  byId("prompt").textContent = title;
  byId("ending").replaceChildren(h("div", { class: "notice" }, h("p", {}, text),
    h("a", { class: "button primary", href: ROOT }, t("job.unknown.new"))));
}

const isOpen = await openLink(id);
addEventListener("hashchange", showNamed);
addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  keys.clear();
  for (const button of document.querySelectorAll("main button:disabled")) button.disabled = false;
});
await known;
if (isOpen) watchJob(id, { show, lost });
else showUnknown(t("job.link_ended"), t("job.link_ended.ask"));
