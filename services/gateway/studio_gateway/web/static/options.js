// Limits, prices and words, as the API gives them: none of them is written down on the page.

import { options as read, untilAnswered } from "./api.js";

export const options = await untilAnswered(read);

const stateOf = (status) => options.states.find((state) => state.name === status);

export const stateTitle = (status) => stateOf(status)?.title ?? status;
export const styleTitle = (style) => options.styles.find(({ name }) => name === style)?.title ?? style;
export const isFinal = (job) => stateOf(job.status)?.is_final ?? false;
export const ruleText = (rule) => options.installer.rules[rule] ?? rule;
/** How many seconds such a job usually takes, judged by the latest ones of about as many pictures; null if unknown. */
export function typicalSeconds(kind, count) {
  const model = kind === "draft" ? null : options.model;
  const known = (options.typical_times ?? []).filter((time) => time.kind === kind && time.model === model);
  const nearest = known.sort((a, b) => Math.abs(a.count - count) - Math.abs(b.count - count))[0];
  return nearest ? Math.max(1, nearest.seconds) : null;
}

export const cost = (pictures) => pictures * options.cents_per_picture;
