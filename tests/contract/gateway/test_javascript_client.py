"""The JavaScript client in Node, against the gateway on a real port, and its types."""

import json
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from studio_contracts.object_keys import own_picture_key
from studio_local.processes import wait_until
from studio_local.state_dir import TOOLS
from studio_support.served_gateway import ServedGateway, serving
from studio_support.tools import program

ROOT = Path(__file__).parents[3]
CLIENT = ROOT / "sdk" / "javascript"
OLD_NODE = "Node 20 or later is needed (apt-get install nodejs)"
FOLLOW = """
const studio = new StudioClient(URL);
const job = await studio.create({ prompt: "ocean energy", count: 2 });
const events = [];
for await (const entry of studio.events(job.id)) events.push(entry.event);
const done = await studio.wait(job);
const picture = await studio.file(done.concepts[0].pictures.quantized.url);
const listed = [];
for await (const one of studio.jobs({ limit: "1" })) listed.push(one.id);
console.log(JSON.stringify({ id: job.id, events, status: done.status, picture: picture.size, listed }));
"""
OWN_PICTURE = """
const studio = new StudioClient(URL);
const picture = new TextEncoder().encode('<svg viewBox="0 0 4 2"><rect width="4" height="2" fill="#0075bc"/></svg>');
const wanted = { width_m: 6, height_m: 4, fit: "contain", palette: ["RH20", "RH41"],
  name: "Court", metadata: { order: "7" } };
const job = await studio.createFromPicture(new Blob([picture]), wanted, { key: "k" });
const again = await studio.createFromPicture(picture, wanted, { key: "k" });
const wrong = await studio.createFromPicture(new Blob(["GIF89a"])).catch((error) => error);
console.log(JSON.stringify({ id: job.id, same: job.id === again.id, name: job.name, fit: job.brief.picture.fit,
  sides: [job.brief.surface.width_m, job.brief.surface.height_m], palette: job.brief.palette, metadata: job.metadata,
  wrong: [wrong.status, wrong.errors[0].field] }));
"""
REFUSED = """
const studio = new StudioClient(URL);
const found = await studio.create({ prompt: "" }).catch((error) => error);
const unknown = await studio.get("nobody").catch((error) => error);
const job = await studio.create({ prompt: "pond" }, { key: "k" });
const again = await studio.create({ prompt: "pond" }, { key: "k" });
const canceled = await studio.cancel(job.id);
const ended = await studio.wait(canceled).catch((error) => error);
const named = await studio.change(job.id, { name: "Kita", project: "Parks" });
const projects = await studio.projects();
const link = await studio.share(job.id, { shows: ["brief"] });
await studio.endShare(job.id, link.id);
const links = await studio.shares(job.id);
await studio.delete(job.id);
await studio.delete(job.id);
const gone = await studio.get(job.id).catch((error) => error);
console.log(JSON.stringify({ field: found.errors[0].field, status: unknown.status, same: job.id === again.id,
  canceled: canceled.status, ended: ended.job.id === job.id,
  shown: link.shows, ended_links: links.map((one) => Boolean(one.revoked_at)),
  named: named.name, projects: projects.map((project) => project.name), gone: gone.status }));
"""
NOBODY = """
const slept = [];
const studio = new StudioClient(URL, { sleep: async (milliseconds) => { slept.push(milliseconds); } });
const error = await studio.get("a").catch((caught) => caught);
const waited = slept.reduce((sum, one) => sum + one, 0);
console.log(JSON.stringify({ status: error.status, name: error.name, waited }));
"""
SIGNED = """
const studio = new StudioClient(URL, { key: KEY });
console.log(JSON.stringify({ prompt: (await studio.create({ prompt: "pond" })).brief.prompt }));
"""


def node() -> str:
    """Node, new enough to have what browsers have. Skips the test otherwise."""
    found = program("node", TOOLS, OLD_NODE)
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
    if int(version.removeprefix("v").split(".")[0]) < 20:
        pytest.skip(OLD_NODE)
    return found


def run(script: str, url: str, key: str = "") -> Any:
    head = f'import {{ StudioClient }} from "{(CLIENT / "index.js").as_uri()}";\n'
    names = f"const URL = {json.dumps(url)};\nconst KEY = {json.dumps(key)};\n"
    done = subprocess.run(
        [node(), "--input-type=module", "-"],
        input=head + names + script,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_job_is_created_followed_and_its_pictures_are_had(own_gateway: ServedGateway) -> None:
    def finish() -> None:
        assert wait_until(lambda: bool(own_gateway.inner.database.jobs), 60)
        own_gateway.finish(next(iter(own_gateway.inner.database.jobs)))

    finishing = threading.Thread(target=finish)
    finishing.start()
    found = run(FOLLOW, own_gateway.url)
    finishing.join()
    assert (found["events"][0], found["events"][-1], found["status"]) == ("job.created", "job.completed", "completed")
    assert found["listed"] == [found["id"]]
    assert found["picture"] > 0


def test_refusals_name_their_fields_and_a_key_gives_the_same_job(own_gateway: ServedGateway) -> None:
    found = run(REFUSED, own_gateway.url)
    assert found == {
        "field": "prompt", "status": 404, "same": True, "canceled": "canceled", "ended": True,
        "shown": ["brief"], "ended_links": [True], "named": "Kita", "projects": ["Parks"], "gone": 404,
    }  # fmt: skip


def test_a_job_begins_with_a_picture_of_the_client(own_gateway: ServedGateway) -> None:
    found = run(OWN_PICTURE, own_gateway.url)
    assert found == {
        "id": found["id"], "same": True, "name": "Court", "fit": "contain", "palette": ["RH20", "RH41"],
        "sides": [6, 4], "metadata": {"order": "7"}, "wrong": [422, "picture"],
    }  # fmt: skip
    assert b"#0075bc" in own_gateway.inner.bucket[own_picture_key(found["id"])]


def test_retries_end() -> None:
    found = run(NOBODY, "http://127.0.0.1:1")
    assert (found["status"], found["name"]) == (0, "StudioError")
    assert 30_000 < found["waited"] <= 60_000


def test_a_key_is_sent() -> None:
    with serving(access="keys") as gateway:
        key = gateway.key("acme")
        assert run(SIGNED, gateway.url, key) == {"prompt": "pond"}


def test_the_types_are_right(tmp_path: Path) -> None:
    modules = TOOLS / "node_modules"
    tools = [modules / ".bin" / name for name in ("openapi-typescript", "tsc")]
    if not all(tool.exists() for tool in tools):
        pytest.skip(
            "the TypeScript tools are missing (npm install --prefix .studio/tools typescript openapi-typescript)"
        )
    for name in ("index.js", "tsconfig.json"):
        shutil.copy(CLIENT / name, tmp_path)
    (tmp_path / "types").mkdir()
    document = str(ROOT / "docs" / "api" / "openapi.json")
    for command in (
        [str(tools[0]), document, "-o", str(tmp_path / "types" / "api.d.ts")],
        [str(tools[1]), "-p", str(tmp_path)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "class StudioClient" in (tmp_path / "types" / "index.d.ts").read_text()
