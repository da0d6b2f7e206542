// Drives Firefox over WebDriver BiDi: node firefox.mjs FIREFOX PROFILE URL. Reads one script a line from standard input,
// evaluates it in the page, and prints its result as a line of JSON. Needs nothing but Node 22 and Firefox.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const [firefox, profile, url] = process.argv.slice(2);
const browser = spawn(firefox, ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"], { stdio: ["ignore", "ignore", "pipe"] });
process.on("exit", () => browser.kill());

const address = await new Promise((resolve, reject) => {
  browser.on("exit", () => reject(new Error("Firefox ended before it listened")));
  createInterface({ input: browser.stderr }).on("line", (line) => {
    const [, found] = line.match(/WebDriver BiDi listening on (ws:\S+)/) ?? [];
    if (found) resolve(found);
  });
});
const socket = new WebSocket(`${address}/session`);
await new Promise((resolve, reject) => {
  socket.onopen = resolve;
  socket.onerror = reject;
});

let count = 0;
const waiting = new Map();
socket.onmessage = ({ data }) => {
  const answer = JSON.parse(data);
  waiting.get(answer.id)?.(answer);
};

async function send(method, params) {
  count += 1;
  const answered = new Promise((resolve) => { waiting.set(count, resolve); });
  socket.send(JSON.stringify({ id: count, method, params }));
  const answer = await answered;
  if (answer.type === "error") throw new Error(`${method}: ${answer.message}`);
  return answer.result;
}

await send("session.new", { capabilities: {} });
const { contexts: [{ context }] } = await send("browsingContext.getTree", {});
await send("browsingContext.navigate", { context, url, wait: "complete" });
for await (const line of createInterface({ input: process.stdin })) {
  const { result, exceptionDetails } = await send("script.evaluate", {
    expression: JSON.parse(line), target: { context }, awaitPromise: true, resultOwnership: "none",
  }).catch((error) => ({ result: { value: `gone: ${error.message}` } })); // the page was left meanwhile
  console.log(JSON.stringify(exceptionDetails ? { failed: exceptionDetails.text } : { value: result.value ?? null }));
}
process.exit();
