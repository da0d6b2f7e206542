"""Dividing a job into provider calls, and recognising a call of ours among the provider's predictions."""

import hashlib
from collections.abc import Iterable
from urllib.parse import urlsplit

from studio_domain.prediction import PredictionReport


def split(count: int, at_most: int) -> tuple[int, ...]:
    """Full slots first, the rest in the last: 6 by 4 gives (4, 2). Fewest calls, as each pays the model's start-up."""
    if count < 1 or at_most < 1:
        raise ValueError(f"cannot split {count} pictures into slots of at most {at_most}")
    full, rest = divmod(count, at_most)
    return (at_most,) * full + ((rest,) if rest else ())


def slot_seed(job_seed: int, slot: int, attempt: int) -> int:
    """The model's seed for one attempt of a slot, 0 to 2^31 - 1: reproducible, and unlike those beside it."""
    digest = hashlib.sha256(f"{job_seed}/{slot}/{attempt}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def find_prediction(
    reports: Iterable[PredictionReport], seed: int, prompt: str, num_outputs: int, webhook: str | None = None
) -> PredictionReport | None:
    """The first report of the prediction that was asked for with these inputs and this webhook URL, or None.

    An echoed webhook decides alone, because two jobs may share a brief and a seed. Its path's end (job, slot, attempt)
    is compared, not the base or token: those change with a new tunnel or secret. Without one the inputs decide.
    """
    wanted = {"seed": seed, "prompt": prompt, "num_outputs": num_outputs}
    for report in reports:
        if report.webhook and webhook:
            if _address(report.webhook) == _address(webhook):
                return report
        elif report.input == wanted:
            return report
    return None


def _address(webhook: str) -> list[str]:
    try:
        return urlsplit(webhook).path.split("/")[-3:]
    except ValueError:  # someone else's prediction may echo anything
        return [webhook]
