// The existing panel's conversation with its backend, over Node's own fetch: `node panel.mjs <base URL> <brief as JSON>`.
// Prints one line of JSON for each thing the panel would show. With {"callbacks": [{token, body}, ...]} for a brief it
// plays the provider instead, which calls back the address that the panel's old backend had given it.

const [base, brief] = process.argv.slice(2);
const POLL_MS = 50; // the panel takes 2 s
const STATUS_TEXTS = { pending: 'Starting…', queued: 'In the queue…', running: 'Drawing…' };
const show = (what, shown) => console.log(JSON.stringify({ what, shown }));
const url = (name) => `${base}/.netlify/functions/${name}`;

async function call(address, options) {
  const response = await fetch(address, options);
  const body = await response.json();
  if (!response.ok) throw new Error(body.message || 'Something went wrong');
  return body;
}

const post = (name, body) =>
  call(url(name), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

async function follow(jobId) {
  let last = null;
  for (;;) {
    const job = await call(`${url('studio-inspire-status')}?jobId=${encodeURIComponent(jobId)}`);
    if (job.status === 'completed') return job;
    if (job.status === 'failed') throw new Error(job.error || 'Generation failed');
    if (job.status !== last) show('progress', { text: STATUS_TEXTS[job.status] ?? job.status, fields: Object.keys(job) });
    last = job.status;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const percent = (value) => `${Math.round(value * 100)}%`;

async function card(concept) {
  const picture = await fetch(concept.thumbnailUrl || concept.quantizedUrl);
  const original = await fetch(concept.originalUrl);
  return {
    title: `Concept ${concept.metadata.index + 1}`,
    picture: [picture.status, picture.headers.get('content-type')],
    original: original.status,
    score: percent(concept.quality.score),
    green: concept.quality.score >= 0.7,
    contrast: percent(concept.quality.contrast),
    balance: percent(concept.quality.balance),
    chips: concept.paletteUsed.slice(0, 6).map(({ code, hex, name }) => `${code} ${hex} ${name}`),
  };
}

async function callBack({ token, body }) {
  const query = token === null ? '' : `?token=${encodeURIComponent(token)}`;
  const response = await fetch(`${url('replicate-callback')}${query}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}

async function play(wanted) {
  const jobId = wanted.jobId ?? (await post('studio-inspire-create', wanted).then((job) => {
    show('created', job);
    return job.jobId;
  }));
  if (!wanted.jobId) show('enqueued', await post('studio-enqueue', { job_id: jobId }));
  const job = await follow(jobId);
  show('completed', { fields: Object.keys(job), cards: await Promise.all(job.concepts.map(card)) });
}

try {
  const wanted = JSON.parse(brief);
  if (wanted.callbacks) for (const callback of wanted.callbacks) show('answered', await callBack(callback));
  else await play(wanted);
} catch (error) {
  show('error', error.message);
}
