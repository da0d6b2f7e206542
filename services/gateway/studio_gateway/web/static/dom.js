// Building elements, and the few formats every module shares.

import { language, number, t } from "./messages.js";

/** An element: `h("p", { class: "hint" }, "text", child)`. Properties that start with "on" are listeners. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** An SVG element with these attributes. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const byId = (id) => document.getElementById(id);

/** What stands in an input for a number; null where it is empty. */
export const numberIn = (id) => (byId(id).value === "" ? null : byId(id).valueAsNumber);

/** Set custom properties; the content security policy allows no style attributes. */
export function styled(element, properties) {
  for (const [name, value] of Object.entries(properties)) element.style.setProperty(name, value);
  return element;
}

export const percent = (share) => `${Math.round(share * 100)} %`;
export const dollars = (cents) => (cents / 100).toLocaleString(language, { style: "currency", currency: "USD" });
export const metres = (length) => number(length);
export const sides = ({ width_m: width, height_m: height }) => t("size", { width, height });

/** With a capital at its start. */
export const sentence = (text) => text.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());

/** 74 → "1 min 14 s". */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** "just now", "5 min ago", "yesterday" or the date. */
export function ago(moment, now = Date.now()) {
  const minutes = (now - Date.parse(moment)) / 60000;
  if (minutes < 1) return t("ago.now");
  if (minutes < 60) return t("ago.minutes", { count: Math.floor(minutes) });
  if (minutes < 24 * 60) return t("ago.hours", { count: Math.floor(minutes / 60) });
  return new Date(moment).toLocaleDateString(language, { day: "numeric", month: "short" });
}
