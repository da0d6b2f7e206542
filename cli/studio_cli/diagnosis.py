"""Runs checks concurrently, each with the same time-out, and collects their findings."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from studio_chassis.observability.logs import cause_of
from studio_chassis.runtime.timeouts import wait_or_abandon

CHECK_SECONDS = 5.0
CLEANUP_SECONDS = 2.0
"""Time for a check to close its connections after its time-out."""
Check = Callable[[], Awaitable[str]]
"""Returns what was proven. Raises Fault."""


class Fault(Exception):
    """A fault that a check found, with its remedy."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


class Finding(NamedTuple):
    """The result of one check, and the seconds that it took. A fault has a remedy."""

    name: str
    ok: bool
    text: str
    remedy: str
    seconds: float


async def examine(checks: Mapping[str, Check], seconds: float = CHECK_SECONDS) -> list[Finding]:
    """Run all checks concurrently. Findings are in the order of the checks, and none has an empty text."""
    return await asyncio.gather(*(_examined(name, check, seconds) for name, check in checks.items()))


async def _examined(name: str, check: Check, seconds: float) -> Finding:
    async def run() -> str:
        async with asyncio.timeout(seconds):
            return await check()

    started = time.perf_counter()
    remedy = ""
    try:
        text, ok = await wait_or_abandon(seconds + CLEANUP_SECONDS, run()), True
    except Fault as fault:
        text, ok, remedy = str(fault), False, fault.remedy
    except TimeoutError:
        text, ok = f"no answer within {seconds:g} s", False
        remedy = "look whether its address can be reached from here: firewall, network policy, name"
    except Exception as error:  # noqa: BLE001 - whatever a check meets is a finding
        text, ok, remedy = cause_of(error), False, "see the text; no check expects this"
    return Finding(name, ok, text or "no text", remedy, round(time.perf_counter() - started, 2))
