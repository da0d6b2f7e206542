"""Runs every command of the runbooks that a healthy studio bears, as it is printed."""

import re
from collections.abc import Iterator

from studio_contracts.topology import STENCIL_JOB_CREATED
from studio_drill.commands import Command, commands, not_walked
from studio_drill.drill import completed
from studio_drill.drill_stack import drill_stack_for
from studio_drill.faults import DrillStack, Fault
from studio_local.infrastructure import Infrastructure
from studio_local.ports import LOOPBACK
from studio_local.processes import wait_until

JOB_SECONDS = 240
HEALTHY = Fault("nothing", "nothing is staged", lambda _: None, "README", ())
WRONG = r"Traceback|No such (option|command)|command not found|no equal of|SyntaxError|Usage:|ReferenceError"


def walk(infrastructure: Infrastructure) -> Iterator[tuple[Command, str]]:
    """Each command with what is wrong with it; that is empty where it did what it says."""
    with drill_stack_for(HEALTHY, infrastructure) as (studio, _):
        assert wait_until(lambda: completed(studio) >= 1, JOB_SECONDS), "no job completes"
        words = _words(studio)
        done: dict[str, str] = {}
        for command in commands():
            line = _filled(command.line, words)
            if not_walked(command):
                continue
            if line not in done:
                done[line] = _wrong(studio, line)
            yield command, done[line]


def _wrong(studio: DrillStack, line: str) -> str:
    """A search that finds nothing is no error: nothing is wrong with this studio."""
    ended = studio.shell.run(line)
    searched = ended.status == 1 and "| grep" in line
    if re.search(WRONG, ended.output) or (ended.status and not searched):
        return f"status {ended.status}: {ended.output[-400:]}"
    return ""


def _filled(line: str, words: dict[str, str]) -> str:
    for place, word in words.items():
        line = re.sub(place, lambda _, word=word: word, line)  # type: ignore[misc]
    return line


def _words(studio: DrillStack) -> dict[str, str]:
    """What stands for the open places."""
    ports = studio.deployments.stack.ports
    addresses = {
        rf"\b{name.upper()}:808[01]": f"{LOOPBACK}:{port}" for name, port in ports.items() if name != "standin"
    }
    vhost = studio.deployments.stack.endpoints.rabbitmq_url.rpartition("/")[2]
    return addresses | {
        r"\b(SERVICE|HOST):8081": f"{LOOPBACK}:{ports['stencil']}",
        r"\bJOB\.json|\bletters\.jsonl": "/dev/stdout",
        r"\bJOB\b": studio.load.accepted[0],
        r"\bQUEUE\b": STENCIL_JOB_CREATED.name,
        r"\bVHOST\b": vhost,
        r"\bTEXT\b": "no such error",
        r"\bSERVICE\b": "stencil",
        r"--host HOST\b": "--host nobody.example",
        r"\bKEY\b": "nobody",
        r"^studio top$": "studio top --once",
    }
