// The studio's REST API: time-outs, problem details and entity tags in one place.

import { translated, translatedJob, translatedOptions } from "./phrases.js";
import { t } from "./messages.js";

export const TIMEOUT_MS = 15000;
const UPLOAD_TIMEOUT_MS = 45000; // the gateway waits 30 s for a body

/** Where the studio is: these files lie one folder below it, at the top of a host or behind a proxy's path. */
export const ROOT = new URL("..", import.meta.url).href;

/** The API refused, or could not be reached (`status` 0). `errors` are field problems: [{ field, detail, allowed? }]. */
export class ApiError extends Error {
  constructor(status, title, detail, errors = []) {
    super(detail);
    Object.assign(this, { status, title, errors });
  }
}

let clockOffset = 0;

/** Now by the server's clock, so that elapsed times are right on any device. */
export const serverNow = () => Date.now() + clockOffset;

let signIn = null;

/** What to wait for when the API wants to know who asks; then the request is sent again. */
export const onUnauthenticated = (ask) => { signIn = ask; };

/** Send a request. Waits for a person to sign in where that is needed. */
export async function send(path, options = {}) {
  let answer;
  try {
    answer = await fetch(new URL(path, ROOT), { ...options, signal: AbortSignal.timeout(options.timeout ?? TIMEOUT_MS) });
  } catch {
    throw new ApiError(0, t("unreachable"), t("unreachable.what"));
  }
  const date = Date.parse(answer.headers.get("Date"));
  if (date && Math.abs(date - Date.now()) > 2000) clockOffset = date - Date.now();
  if (answer.ok || answer.status === 304) return answer;
  if (answer.status === 401 && signIn) {
    await signIn();
    return send(path, options);
  }
  const problem = await answer.json().catch(() => ({}));
  const title = translated(problem.title) ?? t("answered", { status: answer.status });
  const errors = problem.errors?.map((error) => ({ ...error, detail: translated(error.detail) }));
  throw new ApiError(answer.status, title, translated(problem.detail) ?? title, errors);
}

const RETRY_MS = 2000;

/** What `read` gives, asked for until it is answered: for what the page cannot do without. */
export async function untilAnswered(read) {
  for (;;) {
    try {
      return await read();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

export const json = async (path, options) => (await send(path, options)).json();

export const palette = () => json("v1/palette");
export const options = async () => translatedOptions(await json("v1/options"));
export const usage = () => json("v1/usage?days=1");
export const cancelJob = async (id) => translatedJob(await json(jobPath(id, "/cancel"), { method: "POST" }));
export const projects = async () => (await json("v1/projects")).projects;
export const deleteJob = (id) => send(jobPath(id), { method: "DELETE" });
/** Change what its owner notes on a job: { name, notes, project, favourites: { concept: true } }, or some of these. */
export const changeJob = async (id, details) => translatedJob(
  await json(jobPath(id), { method: "PATCH", headers: { "Content-Type": "application/json" }, body: JSON.stringify(details) }));
/** The address of a job in the API. */
export const jobPath = (id, rest = "") => `${ROOT}v1/jobs/${encodeURIComponent(id)}${rest}`;

/** Create a job. The same key sent again, after a lost answer, gives the same job. */
export const createJob = (brief, key) =>
  json("v1/jobs", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    body: JSON.stringify(brief),
  });

/** As `createJob`, of a picture file and parameters, [[name, value]]. */
export const createFromPicture = (file, parameters, key) =>
  json(`v1/jobs/from-picture?${new URLSearchParams(parameters)}`, {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream", "Idempotency-Key": key },
    body: file,
    timeout: UPLOAD_TIMEOUT_MS,
  });

/** The outline in a DXF or SVG: { surface, area_m2, left_out, open_lines }. `unit` is that of its numbers, "" where the file says it. */
export const readOutline = (file, unit) =>
  json(`v1/outlines?${new URLSearchParams(unit ? { unit } : {})}`, {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream" },
    body: file,
    timeout: UPLOAD_TIMEOUT_MS,
  });

/** A key for `createJob`. (`crypto.randomUUID` exists on https and localhost only.) */
export const newKey = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16)).join("-");

/** Reads one job again and again; while it is unchanged only its tag goes over the wire. */
export class JobReader {
  constructor(id) {
    this.path = jobPath(id);
  }

  async read() {
    const answer = await send(this.path, { headers: this.tag ? { "If-None-Match": this.tag } : {} });
    if (answer.status !== 304) {
      this.job = translatedJob(await answer.json());
      this.tag = answer.headers.get("ETag");
    }
    return this.job;
  }
}
