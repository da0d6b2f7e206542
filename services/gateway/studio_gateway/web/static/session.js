// Who uses the page: a key entered once becomes a session, which the browser keeps in a cookie that no script reads.

import { ROOT, TIMEOUT_MS, json, onUnauthenticated, send, untilAnswered } from "./api.js";
import { translated } from "./phrases.js";
import { h } from "./dom.js";
import { t } from "./messages.js";
import { forgetAll } from "./recent.js";
import { clearUnsent } from "./unsent.js";

const PATH = "v1/session";
let asking = null;

/** Resolves when a person has signed in. Requests that need a session until then wait for the same dialog. */
function signIn() {
  asking ??= new Promise((resolve) => {
    const problem = h("p", { class: "error", role: "alert" });
    const key = h("input", { id: "api-key", type: "password", autocomplete: "current-password", required: true, spellcheck: "false" });
    const button = h("button", { type: "submit", class: "primary" }, t("session.title"));
    const dialog = h("dialog", { class: "sign-in", "aria-labelledby": "sign-in-title", oncancel: (event) => event.preventDefault() },
      h("form", { onsubmit: enter },
        h("h2", { id: "sign-in-title" }, t("session.title")),
        h("p", {}, t("session.text")),
        h("label", { class: "title", for: "api-key" }, t("session.key")), key, problem, button));

    async function enter(event) {
      event.preventDefault();
      button.disabled = true;
      problem.textContent = "";
      const answer = await fetch(new URL(PATH, ROOT), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ key: key.value }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      }).catch(() => null);
      button.disabled = false;
      if (!answer?.ok) {
        problem.textContent = answer ? translated((await answer.json().catch(() => ({}))).detail) ?? t("session.refused") : t("unreachable");
        key.select();
        return;
      }
      dialog.remove();
      asking = null;
      for (const image of document.images) {
        if (image.complete && !image.naturalWidth) image.setAttribute("src", image.getAttribute("src")); // was refused
      }
      showSession();
      resolve();
    }

    document.body.append(dialog);
    dialog.showModal();
  });
  return asking;
}

async function signOut() {
  await send(PATH, { method: "DELETE" });
  forgetAll();
  clearUnsent();
  location.assign(ROOT);
}

let session = {};

/** The API's latest answer: { access, signed_in, name, owner, scopes }. */
export const currentSession = () => session;

async function showSession() {
  session = await json(PATH);
  document.body.toggleAttribute("data-readonly", session.access === "keys" && !session.signed_in); // but for a link
  document.getElementById("sign-out")?.remove();
  if (session.signed_in) {
    document.querySelector(".top nav").append(
      h("button", { type: "button", class: "quiet", id: "sign-out", onclick: signOut, title: session.name }, t("session.out", { owner: session.owner })));
  }
  return session;
}

/** Ask for a key now, where one will be needed. */
export async function requireSession() {
  const { access, signed_in } = await known;
  if (access === "keys" && !signed_in) await signIn();
}

onUnauthenticated(signIn);
export const known = untilAnswered(showSession);
