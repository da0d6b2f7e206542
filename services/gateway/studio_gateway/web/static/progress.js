// A job on its way: five stages in plain words, the stencil as soon as there is one.

import { serverNow } from "./api.js";
import { byId, duration, h, plural } from "./dom.js";
import { isFinal, typicalSeconds } from "./options.js";

const seconds = (from, to) => (to - Date.parse(from)) / 1000;
const last = (job, event) => job.timeline.findLast((entry) => entry.event === event);
const total = (job, key) => job.predictions.reduce((sum, slot) => sum + slot[key], 0);
const inState = (job, ...states) => job.predictions.filter((slot) => states.includes(slot.state));

/** The stages of a job: [{ name, state: "done" | "now" | "next", text, at }]; `at` is when it was done. */
export function stagesOf(job) {
  const stencil = last(job, "stencil.ready");
  const settled = job.predictions.length > 0 && inState(job, "waiting", "submitting", "running").length === 0;
  const drawn = job.concepts.length;
  const clamped = settled && inState(job, "succeeded").length === 0 && drawn > 0;
  const done = job.status === "completed";
  const stages = [
    ["Brief accepted", true, "The brief is safe with the studio.", job.created_at],
    ["Stencil", Boolean(job.plan), job.plan ? namesOf(job.plan) : "Planning colours and shapes to scale.", stencil?.at],
    ["Pictures", settled, predictionText(job), last(job, "prediction.succeeded")?.at],
    ["Exact colours", clamped, drawn ? `${plural(drawn, "picture")} clamped to the palette and measured.`
      : "Each picture is matched to colours that can be bought.", last(job, "pictures.made")?.at],
    ["Ranked", done, done ? `${plural(drawn, "concept")}, best first.` : "Best first, once all are measured.", job.finished_at],
  ];
  if (job.brief.kind === "draft") stages.splice(2, 2, ["Drafts", drawn > 0, drawn ? `${plural(drawn, "draft")} made layable and measured.`
    : "Each direction is made layable, without the model and without cost.", last(job, "pictures.made")?.at]);
  const current = stages.findIndex(([, isDone]) => !isDone);
  return stages.map(([name, isDone, text, at], i) =>
    ({ name, text, at: isDone ? at : undefined, state: isDone ? "done" : i === current ? "now" : "next" }));
}

const namesOf = ({ directions }) => `${plural(directions.length, "direction")}: ${directions.map(({ name }) => name).join(", ")}.`;

function predictionText(job) {
  if (!job.predictions.length) return `The model will draw ${plural(job.brief.count, "picture")} over the stencils.`;
  const calls = plural(job.predictions.length, "call");
  const received = total(job, "received");
  const again = job.predictions.find((slot) => slot.attempt > 1 && slot.state !== "finished" && slot.state !== "failed");
  if (again) return `The provider failed; attempt ${again.attempt} is under way. ${received} of ${job.brief.count} received.`;
  if (received) return `${received} of ${plural(job.brief.count, "picture")} received.`;
  if (job.status === "queued") return `Asking the model for ${plural(job.brief.count, "picture")} in ${calls}.`;
  return `The model is drawing ${plural(job.brief.count, "picture")} in ${calls}.`;
}

/** The panel of a running job. `update(job)` brings it up to date; it counts the seconds itself. */
export class Progress {
  constructor(element) {
    this.element = element;
    this.clock = h("span", { class: "clock", "aria-hidden": "true" });
    this.list = h("ol", { class: "stages" });
    this.stencil = h("figure", { class: "stencil" }, h("div", { class: "blank", "aria-hidden": "true" }), h("figcaption", {}, "The stencils appear here."));
    element.append(
      h("div", { class: "under" }, h("h2", { id: "progress-title" }, "In the making"), this.clock),
      h("div", { class: "making" }, this.list, this.stencil));
  }

  update(job) {
    this.job = job;
    this.element.hidden = isFinal(job);
    clearInterval(this.timer);
    if (isFinal(job)) return;
    this.list.replaceChildren(...stagesOf(job).map((stage) => stageLine(stage, job)));
    this.showStencil(job);
    this.tick();
    this.timer = setInterval(() => this.tick(), 1000);
  }

  tick() {
    const usual = typicalSeconds(this.job.brief.kind, this.job.brief.count);
    this.clock.textContent = `${duration(seconds(this.job.created_at, serverNow()))}${usual ? `, usually about ${duration(usual)}` : ""}`;
    const running = byId("stage-clock");
    if (running) running.textContent = duration(seconds(running.dataset.since, serverNow()));
  }

  showStencil(job) {
    if (!job.plan || this.stencil.querySelector("img")) return;
    this.stencil.replaceChildren(
      ...job.plan.directions.map(({ name, stencil }) =>
        h("img", { src: stencil.url, width: stencil.width, height: stencil.height, alt: `Stencil, ${name}` })),
      h("figcaption", {}, namesOf(job.plan)));
  }
}

const SPOKEN = { done: "done", now: "now", next: "to come" };

function stageLine({ name, text, at, state }, job) {
  const before = job.timeline.at(-1)?.at ?? job.created_at;
  const time = state === "done" && at ? h("span", { class: "time" }, `after ${duration(seconds(job.created_at, Date.parse(at)))}`)
    : state === "now" ? h("span", { class: "time", id: "stage-clock", "data-since": before }) : null;
  return h("li", { "data-state": state, "aria-current": state === "now" ? "step" : null },
    h("b", {}, name, h("span", { class: "hidden" }, `, ${SPOKEN[state]}`)), time, h("p", {}, text));
}

const EVENTS = {
  "job.created": "Brief accepted",
  "stencil.ready": "Stencil drawn",
  "slots.planned": "Pictures asked for",
  "prediction.started": "Model at work",
  "prediction.retried": "Tried again",
  "prediction.succeeded": "Pictures received",
  "prediction.failed": "Call failed",
  "pictures.made": "Pictures clamped",
  "job.rescued": "Resumed after a pause",
  "job.reopened": "Resumed by an operator",
  "job.completed": "Ready",
  "job.failed": "Failed",
  "job.canceled": "Canceled",
};

/** The whole history of a job, folded away. */
export function history(job) {
  const rows = job.timeline.map((entry) => h("tr", {},
    h("td", {}, duration(seconds(job.created_at, Date.parse(entry.at)))),
    h("th", { scope: "row" }, EVENTS[entry.event] ?? entry.event, entry.slot === null ? "" : ` (call ${entry.slot + 1})`),
    h("td", {}, entry.service),
    h("td", {}, entry.event === "prediction.started" ? "" : entry.detail ?? "")));
  return h("details", { class: "history" }, h("summary", {}, "How it went"),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "How it went" }, h("table", {},
      h("thead", {}, h("tr", {}, ["After", "What", "Service", "Details"].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, rows))));
}
