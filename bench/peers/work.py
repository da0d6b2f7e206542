"""The work that all of them do alike: plan and stencil, the provider's input, a picture, the files that are kept.

It is the studio's own code, so that only what is around it differs. With PEERS_CANNED set, the work on pictures is
replaced by a result that was made once.
"""

import os
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from studio_contracts.brief import Brief, Surface
from studio_contracts.models import MODELS
from studio_contracts.object_keys import picture_key, stencil_key
from studio_contracts.palette import BY_CODE
from studio_postprocess.picture_work import work_on_picture
from studio_postprocess.results import ConceptPictures
from studio_predictor.model_input import shared_input, slot_input
from studio_predictor.prompts import compose
from studio_predictor.slots import slot_seed, split
from studio_stencil.drawing.compose import encode
from studio_stencil.planning.plan import draw, make_plan

MODEL = MODELS["sdxl"]
STORE = Path(unquote(urlsplit(os.environ.get("OBJECT_STORE_URL", "")).path))
CANNED = bool(os.environ.get("PEERS_CANNED"))
PROMPT_STRENGTH = 0.7


class Planned(NamedTuple):
    """What is decided before painting, as it is kept in the job, and the seconds it took."""

    plan: dict[str, Any]
    slots: list[dict[str, Any]]
    seconds: float


def plan_job(job_id: str, brief: dict[str, Any], seed: int) -> Planned:
    """Read the brief, draw and keep the stencil of its first direction, divide the pictures into calls."""
    started = time.perf_counter()
    surface = Surface(**brief["surface"])
    plan = make_plan(brief["prompt"], surface.width_m, surface.height_m, None, brief["strategy"], seed, at_most=1)
    stencil = draw(plan, plan.directions[0])
    key = stencil_key(job_id, 0)
    store(key, encode(stencil.indices, stencil.codes))
    prompts = compose(plan.reading, Brief(**brief).style, [BY_CODE[code].name for code in stencil.codes])
    kept = {
        "stencil": key,
        "codes": list(stencil.codes),
        "size": list(plan.fit.size),
        "layout": plan.fit.layout,
        "input": shared_input(MODEL, prompts, PROMPT_STRENGTH),
    }
    slots = [{"count": slot.pictures, "state": "waiting"} for slot in split(brief["count"], 1, MODEL.max_outputs)]
    return Planned(kept, slots, time.perf_counter() - started)


def prediction_request(job: dict[str, Any], slot: int, webhook: str) -> dict[str, Any]:
    """The body of the provider's POST for one slot."""
    import base64

    image = "data:image/png;base64," + base64.b64encode(read(job["plan"]["stencil"])).decode()
    seed, count = slot_seed(job["seed"], slot, 1), job["slots"][slot]["count"]
    inputs = slot_input(MODEL, job["plan"]["input"], image, seed, count)
    return {"version": MODEL.version, "input": inputs, "webhook": webhook, "webhook_events_filter": ["completed"]}


def make_picture(job: dict[str, Any], slot: int, index: int, original: bytes) -> dict[str, Any]:
    """Work on one picture and keep its files; what the job tells of it."""
    plan, surface = job["plan"], Surface(**job["brief"]["surface"])
    arguments = (read(plan["stencil"]), plan["codes"], tuple(plan["size"]), plan["layout"], surface)
    made = canned() if CANNED else work_on_picture(original, *arguments)
    concept_id, files = f"{slot}-{index}", {}
    for kind, file in [*made.pictures.items(), *made.vectors.items()]:
        files[kind] = picture_key(job["_id"], concept_id, kind, file.media_type)
        store(files[kind], file.data)
    quality = made.quality.model_dump()
    return {"id": concept_id, "files": files, "quality": quality, "materials": made.materials.model_dump()}


def ranked(concepts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Best first."""
    best = sorted(concepts, key=lambda concept: -concept["quality"]["score"])
    return [concept | {"rank": rank} for rank, concept in enumerate(best, start=1)]


@cache
def canned(*_: Any) -> ConceptPictures:
    """One real result, made once a process."""
    from io import BytesIO

    import numpy as np
    from PIL import Image

    from studio_postprocess.concept import make_concept

    file = BytesIO()
    Image.new("RGB", (64, 64), (120, 90, 60)).save(file, "PNG")
    palette = [BY_CODE[code] for code in ("RH30", "RH20", "RH12")]
    return make_concept(file.getvalue(), palette, (64, 64), np.zeros((64, 64), np.uint8), "full", Surface())


def store(key: str, data: bytes) -> None:
    """Keep a file where the studio keeps its own."""
    path = STORE / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def read(key: str) -> bytes:
    """A kept file."""
    return (STORE / key).read_bytes()
