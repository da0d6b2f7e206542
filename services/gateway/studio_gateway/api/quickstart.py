"""The first five minutes with the API, in Markdown: at the top of its description and of /docs.

`tests/contract/gateway/test_quickstart.py` runs every example as it stands.
"""

QUICKSTART = """\
Concepts for rubber playgrounds, in colours that exist.

A **job** is one brief on its way to ranked concepts. Post a brief, follow the job, fetch its files. A studio on a
laptop asks for no key; any other wants `Authorization: Bearer $STUDIO_API_KEY`, which `studio keys create` makes.

### With curl

```sh
STUDIO=http://127.0.0.1:8080
LINK=$(curl -sS -D - -o job.json "$STUDIO/v1/jobs" -H 'Content-Type: application/json' \\
  -d '{"prompt": "a pond with frogs", "count": 2}' | sed -n 's/^[Ll]ocation: //p' | tr -d '\\r')
curl -sSN "$STUDIO$LINK/events"                    # an event for each step, until the job has ended
curl -sS "$STUDIO$LINK" -o job.json                # its concepts, best first, with links to their files
curl -sS "$STUDIO$LINK/bundle.zip" -o concepts.zip # all files at once
```

### With JavaScript

```js
import { StudioClient } from "@tpv-studio/client";

const studio = new StudioClient("http://127.0.0.1:8080", { key: process.env.STUDIO_API_KEY });
const job = await studio.create({ prompt: "a pond with frogs", count: 2 });
for await (const { event, status } of studio.events(job.id)) console.log(event, status);
const { concepts } = await studio.wait(job);
const picture = await studio.file(concepts[0].pictures.installable.url); // a Blob
console.log(concepts[0].score, picture.size);
```

### With Python

```python
import os

from studio_client import StudioClient

with StudioClient("http://127.0.0.1:8080", os.environ.get("STUDIO_API_KEY")) as studio:
    job = studio.create_and_wait({"prompt": "a pond with frogs", "count": 2})
    print(job["concepts"][0]["score"])
    studio.download(job, "concepts")
```

### What else to know

- `/docs/console` makes calls from the browser, and `/docs/events` shows the events between the services.
- A draft (`"kind": "draft"`) is drawn immediately and costs nothing; `{"from": {"job": …}}` paints it.
- Send an `Idempotency-Key` with a brief: sending it again, after a lost answer, makes no second job.
- Errors are `application/problem+json` (RFC 9457), with `errors` by field. 429 and 503 say in `Retry-After` when
  to try again.
- Ignore fields and values that you do not know: `docs/api/versioning.md` says what may change, and how long
  the old stays.
"""
