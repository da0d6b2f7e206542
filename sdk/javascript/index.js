// The JavaScript client of TPV Studio, for browsers and Node.

/** @typedef {import("./types/api.js").components["schemas"]} Schemas */
/** @typedef {Schemas["JobView"]} Job */
/** @typedef {Schemas["JobSummary"]} JobSummary */
/** @typedef {Schemas["JobRequest"]} JobRequest */
/** @typedef {Schemas["TimelineEntry"] & { index: number, status: string, stage: string, version: number }} Progress */
/** @typedef {{ method?: string, body?: unknown, headers?: Record<string, string>, signal?: AbortSignal }} Options */

const RETRIED = new Set([429, 502, 503, 504]);
const FINAL = new Set(["completed", "failed", "canceled"]);
const RETRY_MS = 60_000;
const TIMEOUT_MS = 30_000;
const POLL_MS = 1000;

/** The studio refused, gave no answer (status 0), or a job ended without result (`job`). */
export class StudioError extends Error {
  /**
   * @param {string} message
   * @param {{ status?: number, title?: string, detail?: string, errors?: Schemas["FieldProblem"][], job?: Job, cause?: unknown }} [about]
   */
  constructor(message, { status = 0, title = message, detail = "", errors = [], job, cause } = {}) {
    super(message, { cause });
    this.name = "StudioError";
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.errors = errors;
    this.job = job;
  }
}

/** A studio at an address, maybe with a path. */
export class StudioClient {
  /**
   * @param {string} url
   * @param {{ key?: string, sleep?: (milliseconds: number) => Promise<void> }} [options] `key` is an API key
   */
  constructor(url, { key, sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)) } = {}) {
    this.url = url.endsWith("/") ? url : `${url}/`;
    this.sleep = sleep;
    /** @type {Record<string, string>} */
    this.headers = key ? { Authorization: `Bearer ${key}` } : {};
  }

  /**
   * A new job of a brief. The same `key` gives the same job, for a day.
   * @param {JobRequest} brief
   * @param {{ key?: string }} [options]
   * @returns {Promise<Job>}
   */
  async create(brief, { key = crypto.randomUUID() } = {}) {
    const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
    return (await this.send("v1/jobs", { method: "POST", headers, body: JSON.stringify(brief) })).json();
  }

  /** @param {string} id @returns {Promise<Job>} */
  async get(id) {
    return (await this.send(`v1/jobs/${encodeURIComponent(id)}`)).json();
  }

  /**
   * A new job that begins with a picture: PNG, JPEG, WebP or SVG of up to 8 MiB. `wanted` are the parameters of
   * POST /v1/jobs/from-picture: with `kind` "painted" it is painted over, at a price.
   * @param {Blob | Uint8Array<ArrayBuffer>} picture
   * @param {Record<string, string | number | string[] | Record<string, string>>} [wanted] `metadata` is an object
   * @param {{ key?: string }} [options]
   * @returns {Promise<Job>}
   */
  async createFromPicture(picture, wanted = {}, { key = crypto.randomUUID() } = {}) {
    const parameters = new URLSearchParams(Object.entries(wanted).flatMap(([name, value]) => texts(name, value).map((text) => [name, text])));
    const headers = { "Content-Type": "application/octet-stream", "Idempotency-Key": key };
    return (await this.send(`v1/jobs/from-picture?${parameters}`, { method: "POST", headers, body: picture })).json();
  }

  /**
   * The outline in a drawing of a yard, DXF or SVG; its `surface` goes into a brief. `unit` (mm, cm, m, in, ft) is needed where the file
   * does not say it; `layer` names the one layer to read.
   * @param {Blob | ArrayBuffer | Uint8Array<ArrayBuffer>} drawing
   * @param {{ unit?: string, layer?: string }} [wanted]
   * @returns {Promise<Schemas["OutlineView"]>}
   */
  async readOutline(drawing, wanted = {}) {
    const headers = { "Content-Type": "application/octet-stream" };
    return (await this.send(`v1/outlines?${new URLSearchParams(wanted)}`, { method: "POST", headers, body: drawing })).json();
  }

  /** Stop a job; one that has ended stays as it is. @param {string} id @returns {Promise<Job>} */
  async cancel(id) {
    return (await this.send(`v1/jobs/${encodeURIComponent(id)}/cancel`, { method: "POST" })).json();
  }

  /**
   * Name a job, note something on it, move it to a project, mark concepts as favourites.
   * @param {string} id
   * @param {Schemas["JobDetails"]} details
   * @returns {Promise<Job>}
   */
  async change(id, details) {
    const headers = { "Content-Type": "application/json" };
    return (await this.send(`v1/jobs/${encodeURIComponent(id)}`, { method: "PATCH", headers, body: JSON.stringify(details) })).json();
  }

  /** Delete a job that has ended, with its files. One that is gone already is fine. @param {string} id */
  async delete(id) {
    await this.send(`v1/jobs/${encodeURIComponent(id)}`, { method: "DELETE" }).catch((error) => {
      if (error.status !== 404) throw error;
    });
  }

  /**
   * A new read-only link to a job: for how many days, and what it shows.
   * @param {string} id
   * @param {Partial<Schemas["ShareRequest"]>} [wanted]
   * @returns {Promise<Schemas["NewLinkView"]>}
   */
  async share(id, wanted = {}) {
    const headers = { "Content-Type": "application/json" };
    return (await this.send(`v1/jobs/${encodeURIComponent(id)}/shares`, { method: "POST", headers, body: JSON.stringify(wanted) })).json();
  }

  /** The links of a job, oldest first, also those that have ended. @param {string} id @returns {Promise<Schemas["LinkView"][]>} */
  async shares(id) {
    return (await this.send(`v1/jobs/${encodeURIComponent(id)}/shares`)).json();
  }

  /** End a link for good. @param {string} id @param {string} link */
  async endShare(id, link) {
    await this.send(`v1/jobs/${encodeURIComponent(id)}/shares/${encodeURIComponent(link)}`, { method: "DELETE" });
  }

  /** The projects that jobs are in, by name. @returns {Promise<Schemas["ProjectView"][]>} */
  async projects() {
    return (await (await this.send("v1/projects")).json()).projects;
  }

  /**
   * All jobs, newest first; `filters` are the parameters of the list.
   * @param {Record<string, string>} [filters]
   * @returns {AsyncGenerator<JobSummary>}
   */
  async *jobs(filters = {}) {
    const parameters = new URLSearchParams(filters);
    for (;;) {
      const page = await (await this.send(`v1/jobs?${parameters}`)).json();
      yield* page.jobs;
      if (!page.next) return;
      parameters.set("cursor", page.next);
    }
  }

  /**
   * The job when it is completed. Throws a StudioError with `job` where it ends otherwise or takes longer than `timeout`.
   * @param {Job} job
   * @param {{ timeout?: number }} [options] milliseconds
   * @returns {Promise<Job>}
   */
  async wait(job, { timeout = 1_800_000 } = {}) {
    let tag = "";
    for (let waited = 0; !FINAL.has(job.status); waited += POLL_MS) {
      if (waited >= timeout) throw new StudioError(`Job ${job.id} is still running. It goes on.`, { job });
      await this.sleep(POLL_MS);
      const answer = await this.send(`v1/jobs/${encodeURIComponent(job.id)}`, { headers: tag ? { "If-None-Match": tag } : {} });
      if (answer.status === 304) continue;
      [job, tag] = [await answer.json(), answer.headers.get("ETag") ?? ""];
    }
    if (job.status !== "completed") throw new StudioError(job.error?.title ?? `The job is ${job.status}`, { detail: job.error?.detail, job });
    return job;
  }

  /**
   * The entries of a job's timeline as they come, to its end. A lost connection is taken up again.
   * (The browser's own EventSource sends no API key.)
   * @param {string} id
   * @returns {AsyncGenerator<Progress>}
   */
  async *events(id) {
    let last = "";
    for (let failures = 0; failures * POLL_MS <= RETRY_MS; failures += 1) {
      const answer = await this.send(`v1/jobs/${encodeURIComponent(id)}/events`, { headers: last ? { "Last-Event-ID": last } : {}, signal: new AbortController().signal });
      if (answer.status === 204) return;
      try {
        for await (const event of eventsOf(answer)) {
          failures = 0;
          if (event.id) last = event.id;
          yield JSON.parse(event.data);
        }
      } catch (error) {
        if (error instanceof SyntaxError || error instanceof StudioError) throw error;
      }
      await this.sleep(POLL_MS);
    }
    throw new StudioError("The studio's events cannot be had.");
  }

  /** A file of a job by the link that the studio gave. @param {string} link @returns {Promise<Blob>} */
  async file(link) {
    return (await this.send(link)).blob();
  }

  /**
   * Send a request until it is answered, for a minute at most. `path` is below the address, or a link of the studio's.
   * @param {string} path
   * @param {Options} [options]
   * @returns {Promise<Response>}
   */
  async send(path, options = {}) {
    let pause = 500;
    for (let waited = 0; ; ) {
      const answer = await this.once(path, options).catch((/** @type {unknown} */ cause) => cause);
      if (answer instanceof Response && (answer.ok || answer.status === 304)) return answer;
      const problem = answer instanceof Response ? await refusal(answer) : new StudioError("The studio gives no answer", { cause: answer });
      const asked = answer instanceof Response ? retryAfter(answer) : null;
      const wait = Math.max(asked ?? pause, 500);
      if ((problem.status && !RETRIED.has(problem.status)) || waited + wait > RETRY_MS) throw problem;
      await this.sleep(wait);
      waited += wait;
      pause = Math.min(pause * 2, 8000);
    }
  }

  /** @param {string} path @param {Options} options @returns {Promise<Response>} */
  once(path, { headers, ...options }) {
    const signal = options.signal ?? AbortSignal.timeout(TIMEOUT_MS);
    return fetch(new URL(path, this.url), { .../** @type {RequestInit} */ (options), headers: { ...this.headers, ...headers }, signal });
  }
}

/** A parameter's texts: one, or several, or the pairs of metadata, or another object as JSON. @param {string} name @param {unknown} value @returns {string[]} */
function texts(name, value) {
  if (value === null || typeof value !== "object") return [String(value)];
  if (Array.isArray(value)) return value.map(String);
  return name === "metadata" ? Object.entries(value).map(([key, text]) => `${key}:${text}`) : [JSON.stringify(value)];
}

/** @param {Response} answer */
async function refusal(answer) {
  const problem = await answer.json().catch(() => ({}));
  const title = problem.title ?? `The studio answered ${answer.status}`;
  const errors = problem.errors ?? [];
  const fields = errors.map((/** @type {Schemas["FieldProblem"]} */ error) => `${error.field}: ${error.detail}`).join("; ");
  return new StudioError(fields || `${title}. ${problem.detail ?? ""}`.trim(), { status: answer.status, title, detail: problem.detail, errors });
}

/** Milliseconds, or null. @param {Response} answer */
function retryAfter(answer) {
  const value = answer.headers.get("Retry-After") ?? "";
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const moment = Date.parse(value);
  return Number.isNaN(moment) ? null : Math.max(0, moment - Date.now());
}

/**
 * The events of a stream of server-sent events that have data.
 * @param {Response} answer
 * @returns {AsyncGenerator<{ id: string, data: string }>}
 */
async function* eventsOf(answer) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (answer.body).getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split(/\r?\n\r?\n/);
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const fields = block.split(/\r?\n/);
        const of = (/** @type {string} */ name) => fields.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).replace(/^ /, ""));
        const data = of("data").join("\n");
        if (data) yield { id: of("id").at(-1) ?? "", data };
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
