// The page of all jobs: a search on the server, newest first, page by page.

import { ROOT, json } from "./api.js";
import { ago, byId, h, metres, plural } from "./dom.js";
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
  history.replaceState(null, "", `?${new URLSearchParams(filters)}`);
  [next, shown] = [null, 0];
  await load(filters, true);
}

async function load(filters, fresh = false) {
  asked += 1;
  const turn = asked;
  byId("more").disabled = true;
  try {
    const page = await json(`v1/jobs?${new URLSearchParams({ ...filters, limit: PAGE, ...(next ? { cursor: next } : {}) })}`);
    if (turn !== asked) return; // a later search has been started
    if (fresh) byId("list").replaceChildren();
    byId("list").append(...page.jobs.map(card));
    byId("problem").textContent = "";
    next = page.next;
    shown += page.jobs.length;
    byId("found").textContent = shown ? `${plural(shown, "brief")} shown${next ? ", and there are more" : ""}` : nothing(filters);
  } catch (error) {
    if (turn === asked) byId("problem").textContent = [error.title, ...error.errors.map(({ detail }) => detail)].join(". ");
  }
  byId("more").hidden = !next;
  byId("more").disabled = false;
}

const nothing = (filters) => (Object.keys(filters).length ? "Nothing matches. Try fewer words." : "Nothing yet: the first brief begins with “New concept”.");

function card({ id, prompt, surface, status, kind, count, created_at, picture }) {
  const image = picture ? h("img", { src: picture.url, width: picture.width, height: picture.height, alt: "", loading: "lazy" }) : null;
  const what = kind === "draft" ? "draft" : plural(count, "picture");
  return h("li", {}, h("a", { href: `${ROOT}jobs/${encodeURIComponent(id)}` },
    h("span", { class: "cover" }, image), h("b", {}, prompt),
    h("small", {}, `${metres(surface.width_m)} × ${metres(surface.height_m)} m · ${what} · ${ago(created_at)}`),
    h("span", { class: "state", "data-status": status }, stateTitle(status))));
}

byId("status").append(...options.states.map(({ name, title }) => h("option", { value: name }, title)));
for (const [name, value] of new URLSearchParams(location.search)) if (form.elements[name]) form.elements[name].value = value;
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
