"""Dividing a job into provider calls, and recognising a call of ours among the provider's predictions."""

import hashlib
from collections.abc import Iterable
from urllib.parse import urlsplit

from studio_domain.domain_events import SlotPlan
from studio_domain.prediction import PredictionReport


def split(count: int, directions: int, at_most: int) -> tuple[SlotPlan, ...]:
    """Divide a job's pictures into provider calls of at most `at_most` pictures, each of one direction.

    The directions share the pictures evenly, the first ones take what is over: 4 among 3 gives 2, 1 and 1. Within a
    direction full slots come first: 6 by 4 gives 4 and 2.
    """
    if count < 1 or directions < 1 or at_most < 1:
        raise ValueError(f"cannot split {count} pictures of {directions} directions into slots of at most {at_most}")
    each, over = divmod(count, directions)
    slots: list[SlotPlan] = []
    for direction in range(directions):
        full, rest = divmod(each + (direction < over), at_most)
        slots += [SlotPlan(direction, number) for number in (*(at_most,) * full, rest) if number]
    return tuple(slots)


def slot_seed(job_seed: int, slot: int, attempt: int) -> int:
    """The model's seed for one attempt of a slot, 0 to 2^31 - 1: reproducible, and unlike those beside it."""
    digest = hashlib.sha256(f"{job_seed}/{slot}/{attempt}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def find_prediction(
    reports: Iterable[PredictionReport], seed: int, prompt: str, num_outputs: int, webhook: str | None = None
) -> PredictionReport | None:
    """The first report of the prediction that was requested with these inputs and this webhook URL, or None.

    An echoed webhook decides alone, because two jobs may share a brief and a seed. Its path's end (job, slot, attempt)
    is compared, not the base or token: those change with a new tunnel or secret. Without one the inputs decide.
    """
    identity = {"seed": seed, "prompt": prompt, "num_outputs": num_outputs}
    for report in reports:
        if report.webhook and webhook:
            if _address(report.webhook) == _address(webhook):
                return report
        elif report.input == identity:
            return report
    return None


def _address(webhook: str) -> list[str]:
    try:
        return urlsplit(webhook).path.split("/")[-3:]
    except ValueError:  # another user's prediction may hold any webhook
        return [webhook]
