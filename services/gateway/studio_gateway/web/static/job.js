// The page of one job: follows it to its end and shows what there is of it at any time.

import { ROOT, cancelJob, changeJob, createJob, jobPath, newKey } from "./api.js";
import { byId, dollars, h, metres, plural } from "./dom.js";
import { cost as costOf, isFinal, stateTitle } from "./options.js";
import { Notes } from "./notes.js";
import { Progress, history, stagesOf } from "./progress.js";
import { loadColourNames, readingOf } from "./reading.js";
import { remember } from "./recent.js";
import { known } from "./session.js";
import { openLink, shareButton } from "./share.js";
import { Results, about } from "./results.js";
import { Viewer } from "./viewer.js";
import { watchJob } from "./watch.js";

const id = decodeURIComponent(location.pathname.split("/").filter(Boolean).pop());
const progress = new Progress(byId("progress"));
const results = new Results(byId("results"), openConcept, paint, mark);
const viewer = new Viewer((concept) => location.replace(`#${encodeURIComponent(concept)}`), closeConcept, mark);
const notes = new Notes(byId("notes"), show);
const again = `${ROOT}?from=${encodeURIComponent(id)}`;
let job = null;
let said = "";

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

function showNamed() {
  if (job && named()) viewer.show(job, named());
  else if (!named()) viewer.close();
}

/** Mark a concept as a favourite, or no longer. */
async function mark(concept, isFavourite) {
  try {
    show(await changeJob(id, { favourites: { [concept]: isFavourite } }));
    if (viewer.isOpen) viewer.show(job, named());
  } catch (error) {
    lost(error);
  }
}

function show(next) {
  if (job && next.version < job.version) return; // a poll that was under way while the job was changed from here
  job = next;
  remember(job);
  const { prompt, surface, style, count, kind } = job.brief;
  document.title = `${titleState(job)}: ${job.name || prompt} · TPV Studio`;
  if (wantsNotice && isFinal(job)) notify();
  byId("prompt").textContent = job.name || prompt;
  byId("state").textContent = stateTitle(job.status);
  byId("state").dataset.status = job.status;
  byId("facts").replaceChildren(...[job.name ? `“${prompt}”` : null, job.project || null, `${metres(surface.width_m)} × ${metres(surface.height_m)} m`, style, kind === "draft" ? "drafts, free" : plural(count, "picture"),
    job.plan ? `seed ${job.plan.directions[0].seed}` : null].filter(Boolean).map((text) => h("li", {}, text)));
  showActions();
  showReading();
  byId("ending").replaceChildren(...ending(job));
  progress.update(job);
  results.update(job);
  notes.update(job);
  byId("about").replaceChildren(...(isFinal(job) ? about(job) : []), ...(isFinal(job) ? [history(job)] : []));
  announce();
  if (!viewer.isOpen || !job.concepts.some((concept) => concept.id === named())) showNamed();
}

/** The state for the tab's title; a running job says how many of its pictures are there. */
function titleState({ status, concepts, brief }) {
  return status === "running" && concepts.length ? `${concepts.length} of ${brief.count}` : stateTitle(status);
}

// Whether the person asked for a notification when the job has ended.
let wantsNotice = false;

async function askForNotice(event) {
  const button = event.currentTarget;
  wantsNotice = (await Notification.requestPermission()) === "granted";
  button.textContent = wantsNotice ? "You will be notified" : "The browser does not allow it";
  button.disabled = true;
}

function notify() {
  wantsNotice = false;
  new Notification(`${stateTitle(job.status)}: ${job.brief.prompt}`, { icon: `${ROOT}static/icon.svg`, tag: id });
}

const conceptWord = ({ brief }) => (brief.kind === "draft" ? "draft" : "concept");

function showReading() {
  const section = byId("reading");
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
    const painted = await createJob({ from: { job: id, directions }, count, project: job.project }, keys.get(key));
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
    `Draw the ${plural(count, "missing picture")}, ${dollars(costOf(count))}`);
}

function paintAll() {
  const { count } = job.brief;
  return h("button", { type: "button", class: "primary", onclick: (event) => paint(event, { directions: [], count }) },
    `Paint all directions, ${plural(count, "picture")}, ${dollars(costOf(count))}`);
}

function announce() {
  const current = stagesOf(job).find((stage) => stage.state === "now");
  const text = isFinal(job) ? `${stateTitle(job.status)}. ${job.status === "completed" ? plural(job.concepts.length, conceptWord(job)) : job.error?.title ?? ""}`
    : `${current?.name ?? stateTitle(job.status)}. ${current?.text ?? ""}`;
  if (text !== said) byId("announce").textContent = said = text;
}

function showActions() {
  const ended = String(isFinal(job));
  if (byId("actions").dataset.ended === ended) return; // a button that has the focus keeps it
  byId("actions").dataset.ended = ended;
  const link = navigator.clipboard ? h("button", { type: "button", class: "quiet", onclick: copyLink }, "Copy link") : null;
  byId("actions").replaceChildren(...(isFinal(job)
    ? [job.brief.kind === "draft" && job.concepts.length ? paintAll() : null,
      job.concepts.length ? h("a", { class: job.brief.kind === "draft" ? "button" : "button primary", href: jobPath(id, "/bundle.zip"), download: "" }, "Download all") : null, paintMissing(), h("a", { class: "button", href: again }, "Change the brief"), link, shareButton(id)]
    : [h("button", { type: "button", class: "button", id: "cancel", onclick: cancel }, "Cancel"), noticeButton(), link, shareButton(id)]).filter(Boolean));
}

function noticeButton() {
  const possible = "Notification" in window && Notification.permission !== "denied" && job.brief.kind !== "draft";
  return possible ? h("button", { type: "button", class: "quiet", onclick: askForNotice }, "Notify me when it is ready") : null;
}

async function copyLink(event) {
  await navigator.clipboard.writeText(location.origin + location.pathname);
  event.target.textContent = "Link copied";
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

// Why a job ended without result, and what to do next.
const ADVICE = {
  no_pictures: "Other words or another seed often help: names of people and brands, and anything that reads as violent or nude, are held back by the model's filter.",
  too_expensive: "Ask for fewer pictures.",
  timed_out: "The model or a service may have been down. Nothing further is spent on this job; the same brief can be sent again.",
};

/** What a job that ended early has cost. */
const charged = (cost) => (cost?.delivered_cents ? `${dollars(cost.delivered_cents)} of ${dollars(cost.expected_cents)} was charged, for the pictures delivered.` : "Nothing was charged.");

function ending({ status, error, concepts, cost, brief, warnings, predictions }) {
  if (status === "failed") {
    const advice = error.replayable ? "The studio keeps this job and can resume it once the cause is fixed. You can also send the brief again."
      : ADVICE[error.code] ?? "The same brief can be sent again, or changed first.";
    return [h("div", { class: "notice bad" }, h("h2", {}, error.title), h("p", {}, error.detail), h("p", {}, `${advice} ${charged(cost)}`),
      h("a", { class: "button primary", href: again }, "Try again with this brief"))];
  }
  if (status === "canceled") {
    const kept = concepts.length ? ` The ${plural(concepts.length, "picture")} made before that ${concepts.length === 1 ? "is" : "are"} below.` : "";
    const open = predictions.filter((slot) => slot.state === "running" || slot.state === "submitting").reduce((sum, slot) => sum + slot.count, 0);
    const later = open ? ` What the model was drawing just then may still be charged: at most ${dollars(costOf(open))}.` : "";
    return [h("div", { class: "notice" }, h("h2", {}, "This job was canceled"), h("p", {}, `Work on it has stopped.${kept} ${charged(cost)}${later}`),
      h("a", { class: "button primary", href: again }, "Start again from this brief"))];
  }
  const missing = brief.count - concepts.length;
  if (status === "completed" && brief.kind === "painted" && missing > 0) {
    const reasons = [...new Set(warnings.filter(({ slot }) => slot !== null).map(({ text }) => text))];
    return [h("div", { class: "notice warn", id: "missing" }, h("h2", {}, `${missing} of ${plural(brief.count, "picture")} ${missing === 1 ? "is" : "are"} missing`),
      reasons.map((text) => h("p", {}, text)), h("p", { class: "hint" }, charged(cost)))];
  }
  return [];
}

function lost(error) {
  const notice = byId("connection");
  notice.hidden = !error || error.status === 404;
  if (!error) return;
  if (error.status === 404) showUnknown();
  else notice.textContent = `${error.title}. The page keeps trying; the job continues.`;
}

function showUnknown(title = "There is no such job", text = "The link may be incomplete, or the job was removed at the end of its time.") {
  document.title = "Not found · TPV Studio";
  byId("state").textContent = "Not found";
  byId("state").dataset.status = "failed";
  byId("prompt").textContent = title;
  byId("ending").replaceChildren(h("div", { class: "notice" }, h("p", {}, text),
    h("a", { class: "button primary", href: ROOT }, "Start a new concept")));
}

const isOpen = await openLink(id);
addEventListener("hashchange", showNamed);
addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  keys.clear();
  for (const button of document.querySelectorAll("main button:disabled")) button.disabled = false;
});
await Promise.all([known, loadColourNames()]);
if (isOpen) watchJob(id, { show, lost });
else showUnknown("This link has ended", "Ask the person who sent it for a new one.");
