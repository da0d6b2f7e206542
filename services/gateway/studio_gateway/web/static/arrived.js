// Parts of the page that are loaded when they are needed.

const PAUSE_MS = 1000;

/** What `load` imports, asked for until it arrives: a browser drops what it is loading when its network changes. */
export async function arrived(load) {
  const notice = document.getElementById("unloaded"); // says that a part is missing, with a button that loads the page again
  for (;;) {
    try {
      const part = await load();
      notice.hidden = true;
      return part;
    } catch {
      notice.hidden = false;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
