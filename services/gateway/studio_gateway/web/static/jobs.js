// The page of all jobs: a search on the server, newest first, page by page.

import { ROOT, json, projects } from "./api.js";
import { ago, byId, h, sides } from "./dom.js";
import { t } from "./messages.js";
import { options, stateTitle } from "./options.js";
import "./session.js";

const PAGE = 24;
const PAUSE_MS = 250;
const form = byId("search");
let next = null;
let shown = 0;
let asked = 0;

/** What is searched for, as it stands in the address too. */
const wanted = () => Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value));

async function search() {
  const filters = wanted();
  const query = new URLSearchParams(filters).toString();
  history.replaceState(null, "", location.pathname + (query && `?${query}`));
  [next, shown] = [null, 0];
  await load(filters, true);
}

async function load(filters, fresh = false) {
  asked += 1;
  const turn = asked;
  byId("more").disabled = true;
  try {
    const page = await json(`v1/jobs?${new URLSearchParams({ ...filters, limit: PAGE, counts: fresh, ...(next ? { cursor: next } : {}) })}`);
    if (turn !== asked) return; // a later search has been started
    if (fresh) byId("list").replaceChildren();
    if (fresh) showCounts(page.counts);
    byId("list").append(...page.jobs.map(card));
    byId("problem").textContent = "";
    next = page.next;
    shown += page.jobs.length;
    byId("found").textContent = shown ? shownText() : nothing(filters);
  } catch (error) {
    if (turn === asked) byId("problem").textContent = [error.title, ...error.errors.map(({ detail }) => detail)].join(". ");
  }
  byId("more").hidden = !next;
  byId("more").disabled = false;
}

/** How many there are of each state, beside its name. */
function showCounts(counts) {
  for (const option of byId("status").options) {
    if (option.value) option.textContent = `${stateTitle(option.value)} (${counts[option.value] ?? 0})`;
  }
}

async function showProjects() {
  const found = await projects().catch(() => []);
  byId("project").append(...found.map(({ name, jobs }) => h("option", { value: name }, `${name} (${jobs})`)));
  restore("project");
}

/** Take a field's value from the address. */
function restore(name) {
  const value = new URLSearchParams(location.search).get(name);
  const field = form.elements[name];
  if (!field || value === null) return;
  if (field.type === "checkbox") field.checked = value === field.value;
  else field.value = value;
}

const nothing = (filters) => (Object.keys(filters).length ? t("jobs.none") : t("jobs.nothing"));

function shownText() {
  const text = t("jobs.shown", { count: shown });
  return next ? t("jobs.shown.more", { shown: text }) : text;
}

function card({ id, name, project, favourites, prompt, surface, status, kind, count, created_at, picture }) {
  const image = picture ? h("img", { src: picture.url, width: picture.width, height: picture.height, alt: "", loading: "lazy" }) : null;
  const what = kind === "draft" ? t("jobs.draft") : t("pictures", { count });
  return h("li", {}, h("a", { href: `${ROOT}jobs/${encodeURIComponent(id)}` },
    h("span", { class: "cover" }, image), h("b", {}, name || prompt),
    name ? h("small", {}, prompt) : null,
    h("small", {}, [project, favourites ? `★ ${favourites}` : ""].filter(Boolean).join(" · ")),
    h("small", {}, `${sides(surface)} · ${what} · ${ago(created_at)}`),
    h("span", { class: "state", "data-status": status }, stateTitle(status))));
}

byId("status").append(...options.states.map(({ name, title }) => h("option", { value: name }, title)));
for (const name of ["text", "status", "kind", "sort", "favourite"]) restore(name);
await showProjects();
let typing = 0;
form.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(search, PAUSE_MS);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});
byId("more").addEventListener("click", () => load(wanted()));
search();
