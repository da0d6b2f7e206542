// A page whose script, or a module of it, does not arrive is dead. Here it comes again by itself, and says so meanwhile.

const LAST = "studio_loaded_again"; // in the session: when the page was last loaded again by itself
const PAUSE_MS = 1000;
const APART_MS = 30000; // between two times that the page loads itself again

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const notice = document.getElementById("unloaded"); // says that a part is missing, with a button that loads the page again
notice.querySelector("button").addEventListener("click", () => location.reload());

/** What `load` imports, asked for until it arrives: a browser drops what it is loading when its network changes. */
export async function arrived(load) {
  for (;;) {
    try {
      const part = await load();
      notice.hidden = true;
      return part;
    } catch {
      notice.hidden = false;
      await pause(PAUSE_MS);
    }
  }
}

/** Load the page again as soon as the server answers, but not again and again. */
async function again() {
  notice.hidden = false;
  await pause(Number(sessionStorage.getItem(LAST)) + APART_MS - Date.now());
  for (;;) {
    await pause(PAUSE_MS);
    const answer = await fetch(location.href).catch(() => null);
    if (answer?.ok) break;
  }
  sessionStorage.setItem(LAST, String(Date.now()));
  location.reload();
}

// Errors of elements do not bubble. Scripts run in their order, so this one listens before the page's own can fail.
addEventListener("error", ({ target }) => target instanceof HTMLScriptElement && again(), { capture: true });
