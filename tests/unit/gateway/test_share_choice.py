"""What a link shows is chosen when it is made, and no route gives more."""

from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from studio_contracts.access import SHARED_PARTS, ShareLink
from studio_contracts.concept import Blend, BlendPart, Materials
from studio_gateway.access.caller import Caller
from studio_gateway.access.route_table import route_table
from studio_support.gateway_in_memory import GatewayInMemory, OpenGateway

SECRET_WORDS = "ocean energy with fish"
NEEDED: dict[str, tuple[str, ...]] = {
    "/v1/jobs/{job_id}": (),
    "/v1/jobs/{job_id}/events": (),
    "/v1/jobs/{job_id}/directions/{number}/stencil": (),
    "/v1/jobs/{job_id}/concepts/{concept_id}/{kind}": (),
    "/v1/jobs/{job_id}/bundle.zip": ("downloads",),
    "/v1/jobs/{job_id}/concepts/{concept_id}/sheet.pdf": ("downloads",),
    "/v1/jobs/{job_id}/concepts/{concept_id}/materials.csv": ("downloads", "materials"),
    "/v1/jobs/{job_id}/concepts/{concept_id}/materials.xlsx": ("downloads", "materials"),
}
"""Every route that a link opens, and the parts that it must show for that."""
OURS = {"Origin": "http://studio"}


class Studio:
    """A finished job of ada's with two concepts, the second of them a favourite."""

    def __init__(self, gateway: GatewayInMemory, owner: httpx.AsyncClient, job: dict[str, Any]) -> None:
        self.gateway = gateway
        self.owner = owner
        self.id = job["id"]
        self.path = f"/v1/jobs/{self.id}"
        self.concepts = [concept["id"] for concept in job["concepts"]]

    async def share(self, **wanted: Any) -> httpx.AsyncClient:
        """A browser that opened a new link with this choice."""
        made = await self.owner.post(f"{self.path}/shares", json=wanted)
        assert made.status_code == 201, made.text
        return await self.opened(made.json()["url"].partition("#share=")[2])

    async def opened(self, token: str) -> httpx.AsyncClient:
        client = self.gateway.client()
        assert (await client.post(f"{self.path}/shares/open", json={"token": token}, headers=OURS)).status_code == 204
        return client


@pytest.fixture
async def studio(gateway_with: OpenGateway) -> Studio:
    gateway = await gateway_with(access="keys")
    owner = gateway.client(headers={"Authorization": f"Bearer {await gateway.key('ada')}"})
    job_id = (await owner.post("/v1/jobs", json={"prompt": SECRET_WORDS, "count": 2, "seed": 77})).json()["id"]
    await gateway.finish(job_id)
    job = (await owner.get(f"/v1/jobs/{job_id}")).json()
    favourite = {"favourites": {job["concepts"][1]["id"]: True}}
    assert (await owner.patch(f"/v1/jobs/{job_id}", json=favourite)).status_code == 200
    return Studio(gateway, owner, job)


def test_every_route_that_a_link_opens_says_what_it_needs(studio: Studio) -> None:
    opened = {each.path for each in route_table(studio.gateway.app) if each.authentication.endswith("or a link")}
    assert opened == NEEDED.keys()


@pytest.mark.parametrize("hidden", SHARED_PARTS)
async def test_what_a_link_leaves_out_no_route_gives(studio: Studio, hidden: str) -> None:
    client = await studio.share(shows=[part for part in SHARED_PARTS if part != hidden])
    for route, needed in NEEDED.items():
        path = route.format(job_id=studio.id, concept_id=studio.concepts[0], number=0, kind="quantized")
        response = await client.get(path)
        assert response.status_code == (403 if hidden in needed else 200), path
        if hidden in needed:
            assert response.json()["type"].endswith("not-shown")
            assert (await client.head(path)).status_code in (403, 405)
            assert (await studio.owner.get(path)).status_code == 200
    job = (await client.get(studio.path)).json()
    assert job["shared"] == {"shows": [part for part in SHARED_PARTS if part != hidden], "favourites_only": False}
    assert (job["cost"] is None) == (hidden == "cost")
    for concept in job["concepts"]:
        assert (concept["materials"] is None) == (hidden == "materials")
        assert (concept["vectors"] == {}) == (hidden == "downloads")
    drawing = f"{studio.path}/concepts/{studio.concepts[0]}/svg"
    assert (await client.get(drawing)).status_code == (404 if hidden == "downloads" else 200)


async def test_without_the_brief_none_of_its_words_is_anywhere(studio: Studio) -> None:
    """Not in the job, its stream, the zip's names and texts, nor where the brief's words are quoted."""
    stored = studio.gateway.database.jobs[studio.id]
    recipe = (BlendPart(code="RH20", parts=12, kg=1),)
    named = Blend(
        reason="named", word="oceanic", hex="#112233", code="RH20", recipe=recipe,
        delta_e=1, delta_e_alone=2, area_m2=1, kg=1,
    )  # fmt: skip
    materials = Materials(colours=(), area_m2=1, kg=1, bags=1, binder_kg=(1, 2), blends=(named,))
    assert stored.plan is not None
    quoting = stored.plan.model_copy(
        update={
            "palette_reason": "because of the ocean",
            "not_drawn": ("oceanic wonder",),
            "directions": tuple(one.model_copy(update={"reason": "shows the ocean"}) for one in stored.plan.directions),
        }
    )
    concepts = tuple(concept.model_copy(update={"materials": materials}) for concept in stored.concepts)
    studio.gateway.database.jobs[studio.id] = stored.model_copy(update={"plan": quoting, "concepts": concepts})
    everything = await studio.share()
    assert "ocean" in (await everything.get(studio.path)).text
    client = await studio.share(shows=["materials", "downloads", "cost"])
    for path in (studio.path, f"{studio.path}/events", f"{studio.path}/bundle.zip"):
        response = await client.get(path)
        assert response.status_code == 200
        for word in ("ocean", "fish", ": 77"):
            assert word not in str(response.headers) + response.text, path
    job = (await client.get(studio.path)).json()
    assert (job["brief"]["prompt"], job["plan"]["reading"], job["brief"]["surface"]["width_m"]) == ("…", None, 10)
    await studio.owner.patch(studio.path, json={"name": "Kita Nord"})
    assert (await client.get(studio.path)).json()["brief"]["prompt"] == "Kita Nord"


async def test_a_link_of_favourites_shows_no_other_concept_nor_its_stencil(studio: Studio) -> None:
    client = await studio.share(favourites_only=True)
    first, second = studio.concepts
    job = (await client.get(studio.path)).json()
    assert [concept["id"] for concept in job["concepts"]] == [second]
    assert [direction["number"] for direction in job["plan"]["directions"]] == [0]
    assert job["concepts"][0]["direction"] == 0
    whole = (await studio.owner.get(studio.path)).json()
    chosen = next(concept for concept in whole["concepts"] if concept["id"] == second)
    (kept,) = job["plan"]["directions"]
    assert kept["stencil"]["sha256"] == whole["plan"]["directions"][chosen["direction"]]["stencil"]["sha256"]
    assert job["cost"] == whole["cost"]
    for kind in ("quantized", "svg", "sheet.pdf", "materials.csv"):
        assert (await client.get(f"{studio.path}/concepts/{first}/{kind}")).status_code == 404, kind
        assert (await client.get(f"{studio.path}/concepts/{second}/{kind}")).status_code == 200, kind
    assert (await client.get(f"{studio.path}/directions/1/stencil")).status_code == 404
    await studio.owner.patch(studio.path, json={"favourites": {second: False}})
    job = (await client.get(studio.path)).json()
    assert (job["concepts"], job["plan"]) == ([], None)
    assert (await client.get(f"{studio.path}/directions/0/stencil")).status_code == 404


async def test_its_owner_sees_everything_also_with_the_link(studio: Studio) -> None:
    client = await studio.share(shows=[], favourites_only=True)
    cookies = {"Cookie": f"studio_share={client.cookies['studio_share']}"}
    job = (await studio.owner.get(studio.path, headers=cookies)).json()
    assert (job["shared"], len(job["concepts"]), job["brief"]["prompt"]) == (None, 2, SECRET_WORDS)
    assert (await studio.owner.get(f"{studio.path}/bundle.zip", headers=cookies)).status_code == 200


async def test_who_follows_with_a_link_takes_nothing_from_the_owner_who_follows_too(studio: Studio) -> None:
    jobs = studio.gateway.app.state.dependencies.jobs
    now = studio.gateway.now
    link = ShareLink(
        id="s1", job_id=studio.id, owner="ada", key_id="k", created_at=now, expires_at=now + timedelta(days=1), shows=()
    )
    linked, owned = jobs.of(Caller.with_link(link, "")), jobs.of(replace(Caller.local(""), owner="ada"))
    async with aclosing(linked.follow(await linked.load(studio.id))) as theirs:
        shown = await anext(theirs)
        async with aclosing(owned.follow(await owned.load(studio.id))) as ours:
            whole = await anext(ours)
    assert not any(entry.detail for entry in shown.timeline)
    assert any(entry.detail for entry in whole.timeline)


async def test_links_from_before_the_choice_show_what_they_showed(studio: Studio) -> None:
    old = {"id": "s1", "job_id": studio.id, "owner": "ada", "key_id": "k", "created_at": studio.gateway.now}
    link = ShareLink.model_validate(old | {"expires_at": studio.gateway.now.replace(year=2030)})
    client = await studio.opened(await studio.gateway.app.state.dependencies.keys.add_link(link))
    for route in NEEDED:
        path = route.format(job_id=studio.id, concept_id=studio.concepts[0], number=0, kind="svg")
        assert (await client.get(path)).status_code == 200, path


async def test_a_choice_that_is_misspelt_shares_nothing(studio: Studio) -> None:
    refused: tuple[dict[str, Any], ...] = (
        {"shows": ["material"]},
        {"show": []},
        {"favourites": True},
        {"shows": "brief"},
    )
    for wanted in refused:
        response = await studio.owner.post(f"{studio.path}/shares", json=wanted)
        assert response.status_code == 422, wanted
    made = (await studio.owner.post(f"{studio.path}/shares", json={"shows": ["cost", "brief", "cost"]})).json()
    assert (made["shows"], made["favourites_only"]) == (["brief", "cost"], False)
    (listed,) = (await studio.owner.get(f"{studio.path}/shares")).json()
    assert listed["shows"] == ["brief", "cost"]
