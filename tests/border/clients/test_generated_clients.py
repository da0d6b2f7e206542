"""The kind: clients that are generated from the published description."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio_local.processes import wait_until
from studio_support.served_gateway import ServedGateway, serving

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs" / "api" / "openapi.json"
GENERATE_SECONDS = 120
TYPESCRIPT = """
import { writeFileSync } from "node:fs";
import { Configuration, JobsApi, PicturesApi, ResponseError, JobView } from "./index";

async function main(basePath: string, finish: (jobId: string) => Promise<void>) {
  const configuration = new Configuration({ basePath });
  const jobs = new JobsApi(configuration);
  const created: JobView = await jobs.createJob({ jobRequest: { prompt: "ocean energy with fish", count: 1 } });
  await finish(created.id);
  let job = created;
  while (job.status !== "completed") job = await jobs.getJob({ jobId: created.id });
  const picture: Blob = await new PicturesApi(configuration).getPicture({
    jobId: job.id, conceptId: job.concepts[0].id, kind: "quantized" });
  const bundle: Blob = await new PicturesApi(configuration).getBundle({ jobId: job.id });
  const refused = await jobs.createJob({ jobRequest: { prompt: "" } })
    .catch((error: ResponseError) => error.response.json());
  console.log(JSON.stringify({ id: job.id, rank: job.concepts[0].rank, finished: job.finishedAt instanceof Date,
    picture: picture.size, bundle: bundle.size, refused: refused.errors[0].field }));
}

main(process.argv[2], async (jobId) => {
  writeFileSync(process.argv[3], jobId);
});
"""
BRIEF_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""For a program that ends after seconds: no time goes to making it fast."""


@pytest.fixture(scope="module")
def gateway() -> Iterator[ServedGateway]:
    with serving() as gateway:
        yield gateway


def generated(language: str, folder: Path, **properties: str) -> Path:
    """A client made by openapi-generator. Skips the test where the generator or its Java is missing."""
    beside_python = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    generator = shutil.which("openapi-generator-cli", path=beside_python)
    if generator is None:
        pytest.skip("openapi-generator-cli is not installed (pip install openapi-generator-cli)")
    if shutil.which("java") is None:
        pytest.skip("Java is not installed (Debian: apt-get install default-jre-headless)")
    options = ",".join(f"{name}={value}" for name, value in properties.items())
    made = subprocess.run(
        [generator, "generate", "-i", str(DOCUMENT), "-g", language, "-o", str(folder),
         f"--additional-properties={options}"],
        env={**os.environ, "JAVA_TOOL_OPTIONS": BRIEF_JAVA},
        capture_output=True, text=True, timeout=GENERATE_SECONDS, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    return folder


@pytest.fixture(scope="module")
def python_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = generated("python", tmp_path_factory.mktemp("python"), packageName="generated_studio")
    sys.path.insert(0, str(folder))
    try:
        yield pytest.importorskip("generated_studio", exc_type=ImportError)
    finally:
        sys.path.remove(str(folder))


def test_a_generated_python_client_creates_polls_and_downloads(gateway: ServedGateway, python_client: Any) -> None:
    configuration = python_client.Configuration(host=gateway.url)
    with python_client.ApiClient(configuration) as client:
        jobs, pictures = python_client.JobsApi(client), python_client.PicturesApi(client)
        created = jobs.create_job(
            python_client.JobRequest(prompt="ocean energy with fish", count=2), idempotency_key="k1"
        )
        assert jobs.create_job(
            python_client.JobRequest(prompt="ocean energy with fish", count=2), idempotency_key="k1"
        ).id == (created.id)
        gateway.finish(created.id, slots=(1, 1))
        job = jobs.get_job(created.id)
        assert (job.status, [concept.rank for concept in job.concepts]) == ("completed", [1, 2])
        picture = pictures.get_picture(job.id, job.concepts[0].id, "quantized")
        assert picture.startswith(b"\x89PNG")
        assert pictures.get_bundle(job.id).startswith(b"PK")
        assert [summary.id for summary in jobs.list_jobs(status="completed", limit=5).jobs] == [job.id]
        assert len(python_client.PaletteApi(client).get_palette()) == 21
        assert jobs.cancel_job(job.id).status == "completed"
        assert "job.completed" in jobs.stream_job_events_without_preload_content(job.id).data.decode()


def test_a_generated_python_client_names_what_is_wrong(gateway: ServedGateway, python_client: Any) -> None:
    with python_client.ApiClient(python_client.Configuration(host=gateway.url)) as client:
        with pytest.raises(python_client.exceptions.NotFoundException) as missing:
            python_client.JobsApi(client).get_job("nobody")
        assert missing.value.data.type == "urn:tpv-studio:problem:not-found"
        with pytest.raises(python_client.exceptions.UnprocessableEntityException) as refused:
            python_client.JobsApi(client).list_jobs(cursor="nonsense")
        assert refused.value.data.errors[0].var_field == "cursor"


def test_generated_typescript_compiles_creates_polls_and_downloads(gateway: ServedGateway, tmp_path: Path) -> None:
    compiler, node = _compiler(), shutil.which("node")
    if compiler is None or node is None:
        pytest.skip("Node or the TypeScript compiler is not installed (npm install -g typescript@5)")
    folder = generated("typescript-fetch", tmp_path / "client")
    (folder / "main.ts").write_text(TYPESCRIPT)
    (folder / "node.d.ts").write_text(
        'declare const process: { argv: string[] };\ndeclare module "node:fs" '
        "{ export function writeFileSync(path: string, text: string): void }\n"
    )
    strict = [
        "--strict",
        "--skipDefaultLibCheck",
        "--target",
        "es2022",
        "--module",
        "commonjs",
        "--lib",
        "es2022,dom",
        "--outDir",
        "made",
    ]
    compiled = subprocess.run(
        [compiler, *strict, "main.ts", "node.d.ts"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert compiled.returncode == 0, compiled.stdout
    named = tmp_path / "job-id"
    command = [node, str(folder / "made" / "main.js"), gateway.url, str(named)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert wait_until(lambda: process.poll() is not None or (named.exists() and named.read_text() != ""), 180)
        if process.poll() is None:
            gateway.finish(named.read_text())
        shown, failure = process.communicate(timeout=180)
    assert process.returncode == 0, failure
    assert named.read_text() in shown
    for part in ('"rank":1', '"finished":true', '"refused":"prompt"'):
        assert part in shown


def _compiler() -> str | None:
    ours = ROOT / ".studio" / "tools" / "node_modules" / ".bin" / "tsc"
    return str(ours) if os.access(ours, os.X_OK) else shutil.which("tsc")
