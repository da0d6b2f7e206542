"""The documents made from the code are those the code would make now."""

import importlib.util
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from studio_contracts import topology
from studio_contracts.events import PAYLOADS

ROOT = Path(__file__).parents[3]
SPEC = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
assert SPEC is not None
assert SPEC.loader is not None
generate = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(generate)
DOCUMENTS: dict[Path, Callable[[], str]] = generate.documents()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_generated_document_is_current(path: Path) -> None:
    assert path.read_text() == DOCUMENTS[path](), "run: python docs/generate.py"


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (value for name, value in node.items() if name == "$ref")
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from _references(value)


def test_the_description_of_the_api_is_valid_by_an_independent_judge() -> None:
    from openapi_spec_validator import OpenAPIV31SpecValidator, validate  # one of the slow imports, for one test

    validate(json.loads((ROOT / "docs" / "api" / "openapi.json").read_text()), cls=OpenAPIV31SpecValidator)


def test_the_description_of_the_events_is_valid_by_asyncapi_s_own_schema() -> None:
    schema = ROOT / ".studio" / "tools" / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"
    if not schema.exists():
        pytest.skip(
            "AsyncAPI's schema is missing (npm install --prefix .studio/tools @asyncapi/specs; .ci/run does it)"
        )
    document = json.loads((ROOT / "docs" / "api" / "asyncapi.json").read_text())
    found = Draft7Validator(json.loads(schema.read_text())).iter_errors(document)
    assert [(list(error.absolute_path), error.message[:200]) for error in found] == []


def test_operations_have_the_names_people_would_choose() -> None:
    document = json.loads((ROOT / "docs" / "api" / "openapi.json").read_text())
    names = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
    assert names == {
        "createJob", "createJobFromPicture", "readOutline", "listJobs", "getJob", "changeJob", "deleteJob", "cancelJob",
        "listProjects", "streamJobEvents", "getStencil", "getPicture", "getBundle",
        "getSheet", "getMaterialsCsv", "getMaterialsXlsx",
        "getPalette", "getOptions", "getSession", "openSession", "endSession",
        "createShare", "listShares", "revokeShare", "openShare", "receiveWebhook",
        "receiveWebhookWithQuery", "getUsage", "panelCreate", "panelStatus", "panelEnqueue", "panelCallback",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["openapi.json", "asyncapi.json"])
def test_every_reference_leads_somewhere(name: str) -> None:
    document = json.loads((ROOT / "docs" / "api" / name).read_text())
    references = set(_references(document))
    assert references
    for reference in references:
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def test_every_queue_and_event_type_is_in_the_description_of_the_events() -> None:
    document = json.loads((ROOT / "docs" / "api" / "asyncapi.json").read_text())
    assert {channel["address"] for channel in document["channels"].values()} == set(PAYLOADS)
    received = {name.partition(":")[0] for name in document["operations"] if ":" in name}
    assert received == {queue.name for queue in topology.QUEUES}
