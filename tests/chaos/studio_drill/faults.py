"""What a row of the table of faults says, and the stack that it is staged on."""

import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx
from pymongo.database import Database

from studio_drill.deployments import Deployments
from studio_drill.line import Line
from studio_drill.load import Load
from studio_drill.shell import Shell
from studio_support import tools

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
RESCUED = {"STUDIO_STUCK_AFTER": "10"}
"""Settings with which a job that stands still is rescued soon."""
Need = Literal["prometheus", "root", "faketime"]


@dataclass
class DrillStack:
    """A whole stack of its own, under load, whose services reach broker and database by lines of ours."""

    deployments: Deployments
    shell: Shell
    load: Load
    broker_line: Line
    database_line: Line
    expired: ssl.SSLContext
    valid: ssl.SSLContext
    database: Database[dict[str, Any]]
    """The studio's, seen directly."""
    known_good: dict[str, str] = field(default_factory=dict)
    """Settings before the fault."""
    found: dict[str, str] = field(default_factory=dict)
    """Words for the open places of the runbook that only the staging knows."""

    def provider(self, **faults: Any) -> None:
        """How the provider's stand-in misbehaves from now on; nothing named is as it should be."""
        url = f"{self.deployments.stack.standin_url}/standin/faults"
        httpx.put(url, json=faults, timeout=60, trust_env=False).raise_for_status()

    def command(self, line: str) -> None:
        """Stage with a command. Raises RuntimeError when it fails."""
        done = self.shell.run(line)
        if done.status:
            raise RuntimeError(f"{line}: {done.output}")


@dataclass(frozen=True)
class Act:
    """What others do: the provider recovers, a network is restored. No command of ours does it."""

    says: str
    do: Callable[[DrillStack], None]


@dataclass(frozen=True)
class Fault:
    """A row: what breaks, who names it, and the lines of the runbook's `Act` that resolve it.

    `stage` returns when the fault is there. `doctor` is a pattern for `check: text` of a finding. `words` are put in
    the places that the runbook leaves open, QUEUE or SERVICE. Where `jobs_fail`, the page posts them again.
    `name_seconds` is longer than the target where the table says why. One that `heals` needs nobody to name it.
    """

    name: str
    says: str
    stage: Callable[[DrillStack], None]
    runbook: str
    remedy: tuple[str | Act, ...]
    alerts: tuple[str, ...] = ()
    doctor: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    jobs_fail: bool = False
    needs: tuple[Need, ...] = ()
    tls: bool = False
    volume_megabytes: int = 0
    name_seconds: float = 120.0
    heals: bool = False

    def command(self, line: str, found: Mapping[str, str]) -> str:
        """The line with its open places filled, also by what the staging found."""
        for place, word in {**self.words, **found}.items():
            line = line.replace(place, word)
        return line

    def missing(self) -> str:
        """Why it cannot be staged on this machine; empty when it can."""
        there: dict[Need, bool] = {
            "prometheus": tools.find("prometheus", tools.PROMETHEUS) is not None,
            "root": os.geteuid() == 0,
            "faketime": FAKETIME.exists(),
        }
        return ", ".join(need for need in self.needs if not there[need])
