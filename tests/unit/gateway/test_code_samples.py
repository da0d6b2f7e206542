"""The samples of /docs: one in each language for each operation, which compile, and ask for what the gateway takes."""

import ast
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from studio_gateway.api.code_samples import UNSAMPLED_TAGS, sample_call
from studio_local.state_dir import TOOLS
from studio_support.gateway_in_memory import GatewayInMemory
from studio_support.tools import program

DRAWING = b"""<svg xmlns="http://www.w3.org/2000/svg" width="4000mm" height="2000mm" viewBox="0 0 4 2">
<path d="M0 0 H4 V2 H0 Z"/></svg>"""
LANGUAGES = ["curl", "JavaScript", "Python"]


@pytest.fixture
def api(gateway: GatewayInMemory) -> dict[str, Any]:
    return gateway.app.openapi()


def operations(api: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, found in api["paths"].items()
        for method, operation in found.items()
        if UNSAMPLED_TAGS.isdisjoint(operation["tags"])
    ]


def samples(api: dict[str, Any], label: str) -> list[str]:
    found = [sample for *_, operation in operations(api) for sample in operation["x-codeSamples"]]
    return [sample["source"] for sample in found if sample["label"] == label]


def test_each_operation_has_a_sample_in_each_language(api: dict[str, Any]) -> None:
    assert len(operations(api)) > 20
    for path, _, operation in operations(api):
        assert [sample["label"] for sample in operation["x-codeSamples"]] == LANGUAGES, path


def test_curl_and_python_compile(api: dict[str, Any], tmp_path: Path) -> None:
    for source in samples(api, "Python"):
        ast.parse(source)
    script = tmp_path / "samples.sh"
    script.write_text("\n".join(samples(api, "curl")))
    bash = shutil.which("bash")
    assert bash
    checked = subprocess.run([bash, "-n", str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stderr


def test_javascript_compiles(api: dict[str, Any], tmp_path: Path) -> None:
    node = program("node", TOOLS, "Node 20 or later is needed (apt-get install nodejs)")
    script = tmp_path / "samples.mjs"
    script.write_text("\n".join(f"{{\n{source}}}" for source in samples(api, "JavaScript")))
    checked = subprocess.run([node, "--check", str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stderr


async def test_the_gateway_takes_what_the_samples_send(gateway: GatewayInMemory, api: dict[str, Any]) -> None:
    await gateway.accept("job-1")
    await gateway.finish("job-1")
    example = "0b9f4c1e-9f0e-4a57-8d2c-3f4f2f0f7c11"
    async with gateway.client() as client:
        for path, method, operation in sorted(operations(api), key=lambda found: found[1] == "delete"):
            call = sample_call(api, path, method, operation)
            sent = {"content": DRAWING} if call.sends_file else {"json": call.body}
            answer = await client.request(call.method, call.path.replace(example, "job-1"), **sent)
            wanted = {200, 201, 202, 204}
            if path == "/v1/session" and method == "post":
                wanted = {401}  # nobody has the example's key
            elif path.endswith(("{link_id}", "/open")):
                wanted = {404}
            assert answer.status_code in wanted, (call, answer.text)
