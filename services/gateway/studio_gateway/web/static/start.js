// A page whose script, or a module of it, does not arrive is dead. Here it comes again by itself, or says so.

const LAST = "studio_loaded_again"; // in the session: when the page was last loaded again by itself
const PAUSE_MS = 1000;
const APART_MS = 30000; // a page that fails again sooner than this waits for a person

/** Say that a part is missing, with a button that loads the page again. */
export function showUnloaded() {
  const notice = document.getElementById("unloaded");
  notice.querySelector("button").addEventListener("click", () => location.reload());
  notice.hidden = false;
}

/** Load the page again as soon as the server answers, but not again and again. */
async function again() {
  showUnloaded();
  if (Date.now() - Number(sessionStorage.getItem(LAST)) < APART_MS) return;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const answer = await fetch(location.href).catch(() => null);
    if (answer?.ok) break;
  }
  sessionStorage.setItem(LAST, String(Date.now()));
  location.reload();
}

// Errors of elements do not bubble. Scripts run in their order, so this one listens before the page's own can fail.
addEventListener("error", ({ target }) => target instanceof HTMLScriptElement && again(), { capture: true });
