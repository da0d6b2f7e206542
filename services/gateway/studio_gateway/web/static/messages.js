// The texts of the page in its language, that language's plurals and numbers, and the switch to another language.

const COOKIE = "studio_language"; // the server reads it, so that a page arrives in its language
const YEAR_S = 365 * 24 * 3600;

/** The language of the page, as the server chose it: "en" or "de". */
export const language = document.documentElement.lang;

const RETRY_MS = 2000;
const TIMEOUT_MS = 10000;

/** Without texts nothing on the page works, so they are fetched until they are there. */
async function load() {
  for (;;) {
    try {
      const url = new URL(`messages.${language}.json`, import.meta.url);
      return await (await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })).json();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

const messages = await load();
/** The texts that the API says in English, as templates with `{}`, and their translations; none where the page is English. */
export const phrases = messages.api ?? {};

const plurals = new Intl.PluralRules(language);

/** A number as the language writes it, with at most `most` and at least `least` digits after the point, and no groups. */
export function number(value, { most = 2, least = 0 } = {}) {
  return value.toLocaleString(language, { maximumFractionDigits: most, minimumFractionDigits: least, useGrouping: false });
}

/** Whether there is a text of this key: for names that another release of the API may know. */
export const has = (key) => Object.hasOwn(messages, key);

/** The text of a key, its `{name}` replaced by values; `count` chooses between singular and plural. */
export function t(key, values = {}) {
  const found = messages[key];
  const text = typeof found === "string" ? found : found[plurals.select(values.count)];
  return text.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? number(values[name]) : values[name]));
}

const control = document.getElementById("language");
control?.addEventListener("click", () => {
  const path = new URL("..", import.meta.url).pathname;
  // biome-ignore lint/suspicious/noDocumentCookie: the cookie store API is missing in Firefox and on plain http
  document.cookie = `${COOKIE}=${control.lang}; path=${path}; max-age=${YEAR_S}; samesite=lax`;
  location.reload();
});
