"""The provider's own Python client works against the stand-in."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image
from replicate.client import Client
from replicate.exceptions import ReplicateError
from replicate.version import Versions
from replicate.webhook import Webhooks, WebhookSigningSecret
from standardwebhooks import Webhook

from .conftest import SDXL, SIGNING_KEY, TOKEN, Receiver, Standin, data_uri, png, serve


@pytest.fixture
def client(standin: Standin) -> Iterator[Client]:
    with connected(standin) as client:
        yield client


@contextmanager
def connected(standin: Standin) -> Iterator[Client]:
    client = Client(api_token=TOKEN, base_url=standin.url, trust_env=False)
    client.poll_interval = 0.01
    yield client
    client._client.close()


def test_create_wait_and_reload_give_the_pictures(client: Client, standin: Standin) -> None:
    given = {"prompt": "waves", "seed": 1, "num_outputs": 4, "image": data_uri(png())}
    prediction = client.predictions.create(version=SDXL, input=given)
    assert prediction.completed_at is None
    prediction.wait()
    prediction.reload()
    assert prediction.status == "succeeded"
    assert prediction.output is not None
    assert len(set(prediction.output)) == 4
    assert prediction.progress is not None
    assert prediction.progress.percentage == 1.0
    assert standin.http.get(prediction.output[0]).headers["content-type"] == "image/png"


def test_run_gives_the_outputs_in_one_call(client: Client, standin: Standin) -> None:
    outputs = client.run(f"stability-ai/sdxl:{SDXL}", {"prompt": "waves", "image": data_uri(png()), "num_outputs": 2})
    assert [standin.http.get(url).status_code for url in outputs] == [200, 200]


def test_a_version_describes_its_input(client: Client) -> None:
    versions = Versions(client, "stability-ai/sdxl")
    version = versions.get(SDXL)
    schema = version.openapi_schema["components"]["schemas"]["Input"]["properties"]["num_outputs"]
    assert {key: schema[key] for key in ("default", "minimum", "maximum")} == {"default": 1, "minimum": 1, "maximum": 4}
    with pytest.raises(ReplicateError):
        versions.get("0" * 64)


def test_official_models_run_by_name(client: Client) -> None:
    prediction = client.predictions.create(model="black-forest-labs/flux-dev", input={"prompt": "waves"})
    prediction.wait()
    assert (prediction.status, prediction.version) == ("succeeded", "hidden")


def test_list_pages_by_the_links_the_server_gives() -> None:
    for standin in serve():
        created = [standin.create(num_outputs=1) for _ in range(101)]
        with connected(standin) as client:
            first = client.predictions.list()
            second = client.predictions.list(first.next)
            assert [p.id for p in [*first, *second]] == created[::-1]
            assert (first.previous, second.next) == (None, None)
            assert [p.id for p in client.predictions.list(second.previous)] == [p.id for p in first]


def test_cancel_ends_a_running_prediction(client: Client, standin: Standin) -> None:
    standin.faults(prediction={"outcome": "stuck_processing"})
    prediction = client.predictions.create(version=SDXL, input={"prompt": "waves"})
    prediction.cancel()
    assert prediction.status == "canceled"


def test_errors_are_read_as_problem_details(client: Client) -> None:
    with pytest.raises(ReplicateError) as caught:
        client.predictions.create(version=SDXL, input={"num_outputs": 6})
    assert (caught.value.status, caught.value.title) == (422, "Input validation failed")


def test_webhooks_validate_with_the_secret_the_api_gives(client: Client, standin: Standin, receiver: Receiver) -> None:
    secret = client.webhooks.default.secret()
    assert secret.key == SIGNING_KEY
    standin.create(webhook=receiver.url + "/validate?customId=1")
    hook = receiver.next("/validate?customId=1")
    Webhooks.validate(headers=hook.headers, body=hook.raw.decode(), secret=secret, tolerance=300)
    Webhook(secret.key).verify(hook.raw, hook.headers)
    other = WebhookSigningSecret(key="whsec_" + "A" * 32)
    with pytest.raises(ValueError, match="signature is invalid"):
        Webhooks.validate(headers=hook.headers, body=hook.raw.decode(), secret=other)


def test_run_polls_on_when_the_wait_expires(standin: Standin) -> None:
    for slow in serve(delay_seconds=2):
        with connected(slow) as client:
            outputs = client.run(f"stability-ai/sdxl:{SDXL}", {"prompt": "waves", "image": data_uri(png())}, wait=1)
            assert [slow.http.get(url).status_code for url in outputs] == [200]


def test_a_file_handle_is_uploaded_and_painted_over(client: Client, standin: Standin, tmp_path: Path) -> None:
    picture = tmp_path / "stencil.png"
    picture.write_bytes(png((80, 40)))
    with picture.open("rb") as handle:
        outputs = client.run(f"stability-ai/sdxl:{SDXL}", {"prompt": "waves", "image": handle})
    (output,) = [standin.http.get(url).content for url in outputs]
    assert Image.open(io.BytesIO(output)).size == (80, 40)


def test_uploads_are_described_listed_read_and_deleted(client: Client, standin: Standin) -> None:
    file = client.files.create(io.BytesIO(png()), filename="a.png", metadata={"for": "a test"})
    assert (file.name, file.content_type, file.size) == ("a.png", "image/png", len(png()))
    assert file.checksums["sha256"] == hashlib.sha256(png()).hexdigest()
    assert client.files.get(file.id).metadata == {"for": "a test"}
    assert file.id in [one.id for one in client.files.list()]
    assert standin.http.get(f"/v1/files/{file.id}/download").content == png()
    assert client.files.delete(file.id)
    with pytest.raises(ReplicateError):
        client.files.get(file.id)


def test_an_upload_needs_the_token_and_a_file(standin: Standin) -> None:
    files = {"content": ("a.png", png(), "image/png")}
    assert standin.http.post("/v1/files", files=files, headers={"Authorization": ""}).status_code == 401
    for metadata in ("{", "[]"):
        assert standin.http.post("/v1/files", files=files, data={"metadata": metadata}).status_code == 400
    assert standin.http.post("/v1/files", data={"filename": "a.png"}).status_code == 422
