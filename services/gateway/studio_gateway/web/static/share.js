// Read-only links to a job: made by who is signed in, opened by who has nothing else.

import { json, jobPath, send } from "./api.js";
import { h } from "./dom.js";
import { t } from "./messages.js";
import { currentSession } from "./session.js";

const DAYS = 14;
const PARTS = [["brief", true], ["materials", true], ["downloads", true], ["cost", false]]; // and what is offered first
const post = (body) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** Exchange the secret behind "#share=" for a cookie, and take it out of the address. False if the link has ended. */
export async function openLink(id) {
  const [, token] = location.hash.match(/^#share=(.+)$/) ?? [];
  if (!token) return true;
  window.history.replaceState(null, "", location.pathname);
  try {
    await send(jobPath(id, "/shares/open"), post({ token }));
  } catch (error) {
    return error.status !== 404;
  }
  return true;
}

/** Whether a part of the job may be seen: everything by its owner, what was chosen by who has a link. */
export const shows = ({ shared }, part) => !shared || shared.shows.includes(part);

/** The button that asks what a link shall show and makes it, where there are people to keep out. */
export function shareButton(id) {
  const ask = ({ currentTarget: button }) => {
    const form = choice(id, () => button.setAttribute("aria-expanded", "false"));
    button.nextElementSibling?.matches(".shared") ? button.nextElementSibling.replaceWith(form) : button.after(form);
    button.setAttribute("aria-expanded", "true");
    form.querySelector("input").focus();
  };
  return currentSession().signed_in ? h("button", { type: "button", class: "quiet", "aria-expanded": "false", onclick: ask }, t("share")) : null;
}

function choice(id, done) {
  const problem = h("p", { class: "error", role: "alert" });
  const box = (name, text, checked) => h("label", { class: "toggle" }, h("input", { type: "checkbox", name, checked }), text);
  const make = async (event) => {
    event.preventDefault();
    const wanted = PARTS.map(([part]) => part).filter((part) => form.elements[part].checked);
    form.querySelector("button").disabled = true;
    try {
      const link = await json(jobPath(id, "/shares"), post({ days: DAYS, shows: wanted, favourites_only: form.elements.favourites.checked }));
      form.replaceWith(made(id, link));
      done();
    } catch (error) {
      problem.textContent = t("and_then", { first: error.title, second: error.message });
      form.querySelector("button").disabled = false;
    }
  };
  const form = h("form", { class: "shared", onsubmit: make },
    h("fieldset", {}, h("legend", {}, t("share.what")), PARTS.map(([part, chosen]) => box(part, t(`share.shows.${part}`), chosen))),
    h("div", {}, box("favourites", t("share.favourites"), false), h("p", { class: "hint" }, t("share.favourites.how"))),
    h("button", { type: "submit" }, t("share.make")), problem);
  return form;
}

function made(id, link) {
  const address = new URL(link.url, location.origin).href;
  const end = async (event) => {
    event.currentTarget.disabled = true;
    await send(jobPath(id, `/shares/${link.id}`), { method: "DELETE" });
    box.replaceChildren(t("share.ended"));
  };
  const box = h("div", { class: "shared", role: "status" },
    h("label", {}, t("share.who", { count: DAYS }),
      h("input", { type: "text", readonly: true, value: address, onfocus: (event) => event.target.select() })),
    h("button", { type: "button", class: "quiet", onclick: end }, t("share.end")));
  navigator.clipboard?.writeText(address).catch(() => {});
  return box;
}
