// The brief being written, kept in this tab's storage so that a reload does not lose it.

const KEY = "tpv-studio-unsent";

export function keepUnsent(brief) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(brief));
  } catch {
    // Storage is full or forbidden: a reload then starts anew.
  }
}

export function clearUnsent() {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // As above.
  }
}

/** The brief as it was left, or null. */
export function unsent() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}
