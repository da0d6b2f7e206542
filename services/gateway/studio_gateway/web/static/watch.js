// Following a job: server-sent events say when to look again, polling covers for them.

import { ApiError, JobReader, jobPath } from "./api.js";
import { isFinal } from "./options.js";

const POLL_MS = 2000;
const SLOW_POLL_MS = 15000;
const MOST_DOUBLINGS = 2;

/**
 * Call `show(job)` with the job and after each change until it is final, `lost(error)` whenever it cannot be read and
 * `lost(null)` when it can again. An id nobody knows ends the watch.
 */
export function watchJob(id, { show, lost }) {
  const reader = new JobReader(id);
  let events = null;
  let timer = 0;
  let failures = 0;
  let reading = false;
  let again = false;
  let over = false;

  function schedule() {
    clearTimeout(timer);
    const calm = events?.readyState === EventSource.OPEN ? SLOW_POLL_MS : POLL_MS;
    timer = setTimeout(look, failures ? POLL_MS * 2 ** failures : calm);
  }

  function stop() {
    over = true;
    clearTimeout(timer);
    events?.close();
    removeEventListener("online", look);
    document.removeEventListener("visibilitychange", lookWhenSeen);
  }

  async function look() {
    if (over) return;
    again = reading;
    if (reading) return;
    reading = true;
    try {
      const before = reader.job;
      const job = await reader.read();
      lost(null);
      failures = 0;
      if (job !== before) show(job);
      if (isFinal(job)) stop();
      else listen();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      failures = Math.min(failures + 1, MOST_DOUBLINGS);
      lost(error);
      if (error.status === 404) stop();
    } finally {
      reading = false;
    }
    if (over) return;
    if (again) look();
    else schedule();
  }

  // Listening again is left to the next successful look: one back-off for both.
  function listen() {
    if (document.hidden || !("EventSource" in window) || (events && events.readyState !== EventSource.CLOSED)) return;
    events = new EventSource(jobPath(id, "/events"));
    events.onmessage = look;
    events.onopen = schedule;
    events.onerror = () => {
      events.close();
      schedule();
    };
  }

  // A browser allows few connections to one server: tabs nobody looks at hold none open.
  function lookWhenSeen() {
    if (document.hidden) events?.close();
    else look();
  }

  addEventListener("online", look);
  document.addEventListener("visibilitychange", lookWhenSeen);
  look();
}
