// Read-only links to a job: made by who is signed in, opened by who has nothing else.

import { json, jobPath, send } from "./api.js";
import { h } from "./dom.js";
import { t } from "./messages.js";
import { currentSession } from "./session.js";

const DAYS = 14;
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

/** The button that makes a link, where there are people to keep out. */
export function shareButton(id) {
  const share = async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      const link = await json(jobPath(id, "/shares"), post({ days: DAYS }));
      button.after(made(id, link));
      button.remove();
    } catch (error) {
      button.textContent = error.title;
    }
  };
  return currentSession().signed_in ? h("button", { type: "button", class: "quiet", onclick: share }, t("share")) : null;
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
