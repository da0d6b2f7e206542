"""Pictures: entity tags, ranges, caching, names of files, and the bundle."""

import io
import json
import zipfile
from typing import Any

import httpx
import pytest

from studio_gateway.http.conditional_requests import RangeNotSatisfiable, byte_range, is_known
from studio_support.gateway_in_memory import GatewayInMemory


@pytest.fixture
async def picture(gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str) -> dict[str, Any]:
    """The stencil, as the job shows it."""
    await gateway.finish(job_id)
    return dict((await client.get(f"/v1/jobs/{job_id}")).json()["plan"]["directions"][0]["stencil"])


async def test_a_picture_url_names_its_content_and_is_immutable(
    client: httpx.AsyncClient, picture: dict[str, Any]
) -> None:
    response = await client.get(picture["url"])
    assert response.headers["etag"] == f'"{picture["sha256"]}"'
    assert response.headers["content-type"] == "image/png"
    assert response.headers["cache-control"] == "private, max-age=31536000, immutable"


@pytest.mark.parametrize("query", ["", "?v=0000000000000000"])
async def test_an_address_that_does_not_name_the_content_is_asked_about_again(
    client: httpx.AsyncClient, picture: dict[str, Any], query: str
) -> None:
    response = await client.get(picture["url"].partition("?")[0] + query)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "private, no-cache"


async def test_a_known_picture_is_304_and_not_even_read(
    gateway: GatewayInMemory, client: httpx.AsyncClient, picture: dict[str, Any]
) -> None:
    gateway.wire.calls.clear()
    response = await client.get(picture["url"], headers={"If-None-Match": f'"{picture["sha256"]}"'})
    assert (response.status_code, response.content) == (304, b"")
    assert "objects.get" not in gateway.wire.calls


async def test_a_range_is_206_and_a_range_outside_is_416(client: httpx.AsyncClient, picture: dict[str, Any]) -> None:
    whole = (await client.get(picture["url"])).content
    part = await client.get(picture["url"], headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"PNG")
    assert part.headers["content-range"] == f"bytes 1-3/{len(whole)}"
    outside = await client.get(picture["url"], headers={"Range": f"bytes={len(whole)}-"})
    assert outside.status_code == 416
    assert outside.headers["content-type"] == "application/problem+json"
    assert outside.headers["content-range"] == f"bytes */{len(whole)}"


async def test_a_range_of_a_picture_that_changed_is_the_whole_of_the_new_one(
    client: httpx.AsyncClient, picture: dict[str, Any]
) -> None:
    changed = await client.get(picture["url"], headers={"Range": "bytes=1-3", "If-Range": '"old"'})
    same = await client.get(picture["url"], headers={"Range": "bytes=1-3", "If-Range": f'"{picture["sha256"]}"'})
    assert (changed.status_code, same.status_code) == (200, 206)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None), ("bytes=0-9", (0, 10)), ("bytes=90-", (90, 100)), ("bytes=-10", (90, 100)),
        ("bytes=-500", (0, 100)), ("bytes=50-500", (50, 100)), ("bytes=9-3", None), ("bytes=-", None),
        ("bytes=0-1,5-6", None), ("lines=1-2", None), ("bytes=a-b", None), ("bytes=٣-٤", None),
    ],
)  # fmt: skip
def test_a_range_is_understood_or_ignored(header: str | None, expected: tuple[int, int] | None) -> None:
    assert byte_range(header, 100) == (None if expected is None else slice(*expected))


@pytest.mark.parametrize(("header", "size"), [("bytes=100-", 100), ("bytes=-0", 100), ("bytes=0-", 0)])
def test_a_range_outside_cannot_be_satisfied(header: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiable):
        byte_range(header, size)


@pytest.mark.parametrize(
    ("header", "known"),
    [(None, False), ('"a"', True), ('"b"', False), ('"b", "a"', True), ('W/"a"', True), ("*", True), ("a", False)],
)
def test_if_none_match_knows_lists_weak_tags_and_the_star(header: str | None, known: bool) -> None:
    assert is_known('"a"', header) is known


@pytest.mark.parametrize("flag", ["download", "download=1"])
async def test_a_download_has_a_name_that_tells_what_it_is(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str, flag: str
) -> None:
    await gateway.finish(job_id)
    response = await client.get(f"/v1/jobs/{job_id}/concepts/1-0/quantized?{flag}")
    name = 'attachment; filename="ocean-energy-with-fish-1-quantized.png"'
    assert response.headers["content-disposition"] == name
    shown = await client.get(f"/v1/jobs/{job_id}/concepts/1-0/quantized")
    assert "content-disposition" not in shown.headers


@pytest.mark.parametrize(
    ("prompt", "name"), [('Été "à la" plage\n/../', "ete-a-la-plage"), ("海の魚", "concept"), ("x" * 200, "x" * 60)]
)
async def test_a_name_is_safe_whatever_the_prompt(client: httpx.AsyncClient, prompt: str, name: str) -> None:
    job = (await client.post("/v1/jobs", json={"prompt": prompt})).json()
    response = await client.get(f"/v1/jobs/{job['id']}/bundle.zip")
    assert response.headers["content-disposition"] == f'attachment; filename="{name}.zip"'


async def test_a_drawing_as_vectors_is_served_as_what_it_is(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    await gateway.finish(job_id)
    response = await client.get(f"/v1/jobs/{job_id}/concepts/1-0/svg?download")
    assert response.headers["content-type"] == "image/svg+xml"
    assert response.headers["content-disposition"].endswith('-1-svg.svg"')
    assert (await client.get(f"/v1/jobs/{job_id}/concepts/1-0/dxf")).status_code == 404


async def test_pictures_that_are_not_there_are_404(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    assert (await client.get(f"/v1/jobs/{job_id}/directions/0/stencil")).status_code == 404
    await gateway.finish(job_id)
    assert (await client.get(f"/v1/jobs/{job_id}/concepts/9-9/original")).status_code == 404
    wrong_kind = (await client.get(f"/v1/jobs/{job_id}/concepts/1-0/painting")).json()
    assert {"original", "quantized", "thumbnail", "svg"} <= set(wrong_kind["errors"][0]["allowed"])
    gateway.bucket.clear()
    assert (await client.get(f"/v1/jobs/{job_id}/directions/0/stencil")).status_code == 404


async def test_the_bundle_holds_the_job_and_every_picture(
    gateway: GatewayInMemory, client: httpx.AsyncClient, job_id: str
) -> None:
    await gateway.finish(job_id)
    response = await client.get(f"/v1/jobs/{job_id}/bundle.zip")
    assert response.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.testzip() is None
        kinds = ("original", "quantized", "thumbnail", "installable")
        of_each = [*(f"{kind}.png" for kind in kinds), "svg.svg", "materials.csv", "sheet.pdf"]
        of_job = ("job.json", "stencil-0.png", "stencil-1.png")
        names = {*of_job, *(f"rank-{rank}-{name}" for rank in (1, 2) for name in of_each)}
        assert set(archive.namelist()) == names
        assert archive.read("rank-1-materials.csv").decode().splitlines() == [
            "code,name,hex,share,area_m2,granule_kg,bags,blend",
            "RH20,Standard Blue,#0075BC,0.7,17.5,154.0,7,",
            "RH31,Cream,#E8E3D8,0.3,7.5,66.0,3,",
            "total,,,1,25.0,220.0,10,",
        ]
        assert json.loads(archive.read("job.json")) == (await client.get(f"/v1/jobs/{job_id}")).json()
        assert archive.read("rank-1-original.png") == gateway.bucket[f"jobs/{job_id}/concepts/1-0/original.png"]


async def test_the_bundle_of_a_job_just_begun_holds_what_there_is(client: httpx.AsyncClient, job_id: str) -> None:
    response = await client.get(f"/v1/jobs/{job_id}/bundle.zip")
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.namelist() == ["job.json"]
