// The jobs that this browser created or opened, in local storage. Without storage the list is empty.

import { JobReader, ROOT } from "./api.js";
import { ago, byId, h, sides } from "./dom.js";
import { isFinal, stateTitle } from "./options.js";

const KEY = "tpv-studio-recent";
const MOST = 12;

function load() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

function save(entries) {
  try {
    localStorage.setItem(KEY, JSON.stringify(entries.slice(0, MOST)));
  } catch {
    // Storage is full or forbidden: the list is a convenience.
  }
}

/** Put a job on the list, or bring its line up to date. */
export function remember(job) {
  const best = job.concepts.find((concept) => concept.rank === 1) ?? job.concepts[0];
  const entry = {
    id: job.id,
    prompt: job.name || job.brief.prompt,
    surface: job.brief.surface,
    status: job.status,
    created: job.created_at,
    picture: best?.pictures.thumbnail?.url ?? job.plan?.directions[0].stencil.url ?? null,
  };
  const others = load();
  const place = others.findIndex((other) => other.id === job.id);
  if (place < 0) others.unshift(entry);
  else others[place] = entry;
  save(others);
}

/** Forget them all, as when another person sits down here. */
export const forgetAll = () => save([]);

export const forget = (id) => save(load().filter((entry) => entry.id !== id));

/** Show the list on the page, and ask how the unfinished ones stand. */
export function showRecent() {
  draw();
  byId("forget").addEventListener("click", () => {
    forgetAll();
    draw();
    byId("prompt").focus();
  });
  addEventListener("storage", (event) => event.key === KEY && draw());
  for (const entry of load().filter((entry) => !isFinal(entry))) refresh(entry.id);
}

async function refresh(id) {
  try {
    remember(await new JobReader(id).read());
  } catch (error) {
    if (error.status === 404) forget(id);
  }
  draw();
}

function draw() {
  const entries = load();
  byId("recent").hidden = byId("recent-link").hidden = entries.length === 0;
  byId("recent-list").replaceChildren(...entries.map(line));
}

function line({ id, prompt, surface, status, created, picture }) {
  const image = h("img", { src: picture, alt: "", loading: "lazy", width: 96, height: 64 });
  image.addEventListener("error", () => image.replaceWith(h("span", { class: "blank" })));
  return h("li", {}, h("a", { href: `${ROOT}jobs/${encodeURIComponent(id)}` },
    picture ? image : h("span", { class: "blank" }),
    h("span", {}, h("b", {}, prompt),
      h("small", {}, `${sides(surface)} · ${ago(created)}`)),
    h("span", { class: "state", "data-status": status }, stateTitle(status))));
}
