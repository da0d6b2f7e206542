// Stands in the page itself, so that it is there when all that the page asks for is lost: a browser drops whatever it is
// loading when its network changes. A page without a script, one of its modules or its style comes again by itself.

const LAST = "studio_loaded_again"; // in the session: when the page was last loaded again by itself
const PAUSE_MS = 1000;
const APART_MS = 30000; // between two times that the page loads itself again

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Load the page again as soon as the server answers, but not again and again. */
async function again() {
  document.getElementById("unloaded")?.removeAttribute("hidden"); // says that a part is missing
  await pause(Number(sessionStorage.getItem(LAST)) + APART_MS - Date.now());
  for (;;) {
    await pause(PAUSE_MS);
    const answer = await fetch(location.href).catch(() => null);
    if (answer?.ok) break;
  }
  sessionStorage.setItem(LAST, String(Date.now()));
  location.reload();
}

// Errors of elements do not bubble.
addEventListener("error", ({ target }) => {
  if (target instanceof HTMLScriptElement || target?.rel === "stylesheet") again();
}, { capture: true });
addEventListener("click", ({ target }) => target.closest("#unloaded button") && location.reload());
