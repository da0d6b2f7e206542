// A job on its way: five stages in plain words, the stencil as soon as there is one.

import { serverNow } from "./api.js";
import { byId, duration, h } from "./dom.js";
import { has, t } from "./messages.js";
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
    [t("progress.accepted"), true, t("progress.accepted.text"), job.created_at],
    [t("progress.stencil"), Boolean(job.plan), job.plan ? namesOf(job.plan) : t("progress.stencil.text"), stencil?.at],
    [t("progress.pictures"), settled, predictionText(job), last(job, "prediction.succeeded")?.at],
    [t("progress.colours"), clamped, drawn ? t("progress.colours.done", { count: drawn }) : t("progress.colours.text"), last(job, "pictures.made")?.at],
    [t("progress.ranked"), done, done ? t("progress.ranked.done", { concepts: t("concepts", { count: drawn }) }) : t("progress.ranked.text"), job.finished_at],
  ];
  if (job.brief.kind === "draft") stages.splice(2, 2, [t("progress.drafts"), drawn > 0, drawn ? t("progress.drafts.done", { count: drawn })
    : t("progress.drafts.text"), last(job, "pictures.made")?.at]);
  const current = stages.findIndex(([, isDone]) => !isDone);
  return stages.map(([name, isDone, text, at], i) =>
    ({ name, text, at: isDone ? at : undefined, state: isDone ? "done" : i === current ? "now" : "next" }));
}

const namesOf = ({ directions }) => t("progress.directions", { count: directions.length, names: directions.map(({ name }) => name).join(", ") });

function predictionText(job) {
  if (!job.predictions.length) return t("progress.pictures.will", { count: job.brief.count });
  const [pictures, calls] = [t("pictures", { count: job.brief.count }), t("progress.calls", { count: job.predictions.length })];
  const received = total(job, "received");
  const again = job.predictions.find((slot) => slot.attempt > 1 && slot.state !== "finished" && slot.state !== "failed");
  if (again) return t("progress.pictures.again", { attempt: again.attempt, received, count: job.brief.count });
  if (received) return t("progress.pictures.received", { received, count: job.brief.count });
  if (job.status === "queued") return t("progress.pictures.asking", { pictures, calls });
  return t("progress.pictures.drawing", { pictures, calls });
}

/** The panel of a running job. `update(job)` brings it up to date; it counts the seconds itself. */
export class Progress {
  constructor(element) {
    this.element = element;
    this.clock = h("span", { class: "clock", "aria-hidden": "true" });
    this.list = h("ol", { class: "stages" });
    this.stencil = h("figure", { class: "stencil" }, h("div", { class: "blank", "aria-hidden": "true" }), h("figcaption", {}, t("progress.stencils")));
    element.append(
      h("div", { class: "under" }, h("h2", { id: "progress-title" }, t("progress.title")), this.clock),
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
    const time = duration(seconds(this.job.created_at, serverNow()));
    this.clock.textContent = usual ? t("progress.clock", { time, usual: duration(usual) }) : time;
    const running = byId("stage-clock");
    if (running) running.textContent = duration(seconds(running.dataset.since, serverNow()));
  }

  showStencil(job) {
    if (!job.plan || this.stencil.querySelector("img")) return;
    this.stencil.replaceChildren(
      ...job.plan.directions.map(({ name, stencil }) =>
        h("img", { src: stencil.url, width: stencil.width, height: stencil.height, alt: t("progress.stencil_of", { name }) })),
      h("figcaption", {}, namesOf(job.plan)));
  }
}

function stageLine({ name, text, at, state }, job) {
  const before = job.timeline.at(-1)?.at ?? job.created_at;
  const time = state === "done" && at ? h("span", { class: "time" }, t("progress.after", { time: duration(seconds(job.created_at, Date.parse(at))) }))
    : state === "now" ? h("span", { class: "time", id: "stage-clock", "data-since": before }) : null;
  return h("li", { "data-state": state, "aria-current": state === "now" ? "step" : null },
    h("b", {}, name, h("span", { class: "hidden" }, `, ${t(`progress.${state}`)}`)), time, h("p", {}, text));
}

/** What happened; an event of another release keeps its own name. */
function eventText({ event, slot }) {
  const what = has(`event.${event}`) ? t(`event.${event}`) : event;
  return slot === null ? what : t("history.call", { what, number: slot + 1 });
}

/** The whole history of a job, folded away. */
export function history(job) {
  const rows = job.timeline.map((entry) => h("tr", {},
    h("td", {}, duration(seconds(job.created_at, Date.parse(entry.at)))),
    h("th", { scope: "row" }, eventText(entry)),
    h("td", {}, entry.service),
    h("td", {}, entry.event === "prediction.started" ? "" : entry.detail ?? "")));
  return h("details", { class: "history" }, h("summary", {}, t("history.title")),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("history.title") }, h("table", {},
      h("thead", {}, h("tr", {}, [t("history.after"), t("history.what"), t("history.service"), t("history.details")].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, rows))));
}
