"""The commands that the runbooks print: where each is run, or why it is not."""

import re
from typing import NamedTuple

from studio_local.state_dir import REPOSITORY

RUNBOOKS = REPOSITORY / "docs" / "runbooks"
CLUSTER = "needs a cluster; tests/integration/kubernetes applies the manifests to an API server"
NEW_NODE = "needs a second broker node"
NOT_WALKED = {
    r"kubectl .*\b(annotate|cordon|apply|scale|top)\b": CLUSTER,
    r"roll-out\.sh": "needs a cluster; tests/contract/deploy/test_roll_out.py runs it with a kubectl of its own",
    r"kubectl .*(--previous|get secret)": CLUSTER,
    r"studio dlq show": "a healthy studio has no dead letter; tests/integration/cli/test_dlq.py shows one",
    r"docker compose": "needs an engine; tests/containers starts the compose file",
    r"chronyc": "needs a time service",
    r"rabbit@NODE|rabbit@NEWNODE": NEW_NODE,
    r"api\.replicate\.com": "goes out to the provider itself",
    r"import_definitions": "needs a copy; tests/integration/adapters/test_broker_rights.py restores one",
    r"studio restore": "replaces the database; tests/integration/adapters/test_backup.py does it",
    r"delete_user studio$|dropUser": "would lock the studio out of its own broker and database",
    r"add_vhost VHOST": "the virtual host of a running studio is there; restored by hand in 'Carried out'",
    r"DELETE BROKER:": "takes a binding of a former release away; there is none",
    r"createUser": "the local database knows no users",
    r"replSetStepDown": "a step of the drill step-down",
    r"delete pod rabbitmq": "a step of the drill broker-down",
    r"patch pvc": "a step of the drill store-full",
    r"rollout undo": "a step of the drill bad-release",
    r"delete pod POD": "a step of the drill clock-ahead",
    r"set_vm_memory_high_watermark": "a step of the drill broker-memory",
    r"\$unset": "a step of the drill written-by-hand",
    r"spend (stop|resume|limit)": "steps of the drills every-file-missing and runaway-client",
    r"patch secret|rollout restart|set env": "steps of the drills; each restarts a service",
}
"""Patterns of the commands that the walk over a healthy studio leaves out, and why."""


class Command(NamedTuple):
    """A command with its page, below which heading it stands, and no comment."""

    page: str
    heading: str
    line: str


def commands() -> list[Command]:
    """All commands of all pages, in their order; those that the pages were carried out with are not among them."""
    found = []
    for page in sorted(set(RUNBOOKS.glob("*.md")) - {RUNBOOKS / "README.md"}):
        for heading in ("Look", "Act"):
            section = page.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
            for block in re.findall(r"^```\n(.*?)^```$", section, re.MULTILINE | re.DOTALL):
                found += [Command(page.stem, heading, line) for line in _lines(block)]
    return found


def _lines(block: str) -> list[str]:
    """Its commands; a command goes on in lines that begin with blanks."""
    block = re.sub(r"\\?\n {2,}", " ", block)
    lines = (re.split(r"(?:^|\s)# |^#", line)[0].strip() for line in block.splitlines())
    return [line for line in lines if line]


def not_walked(command: Command) -> str:
    """Why the walk leaves the command out; empty when it runs it."""
    return next((why for pattern, why in NOT_WALKED.items() if re.search(pattern, command.line)), "")
