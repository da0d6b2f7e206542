"""`make drill`: stage a fault, see who names it, resolve it by its runbook, and write down what happened."""

import argparse
import os
import random
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "support")]

from studio_drill.drill import carry_out  # noqa: E402
from studio_drill.drill_stack import drill_stack_for  # noqa: E402
from studio_drill.faults import Fault  # noqa: E402
from studio_drill.record import write_down  # noqa: E402
from studio_drill.recorded_series import record  # noqa: E402
from studio_drill.table import FAULTS  # noqa: E402
from studio_drill.walk import HEALTHY, walk  # noqa: E402
from studio_local.infrastructure import Infrastructure  # noqa: E402
from studio_local.state_dir import REPOSITORY  # noqa: E402

RING_SECONDS = 420.0
"""The longest `for` of an alert that a drill waits for is five minutes."""


def main() -> int:
    """Exit status 1 when a fault was not named in time, not resolved, or a job was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("faults", nargs="*", help="names; without one, a random one, which is not named beforehand")
    parser.add_argument("--all", action="store_true", help="each in turn")
    parser.add_argument(
        "--walk", action="store_true", help="run the commands that the runbooks print, on a healthy studio"
    )
    parser.add_argument(
        "--record", action="store_true", help="these on one studio; keep the series on which their alerts rang"
    )
    parser.add_argument("--list", action="store_true", help="print the table and end")
    options = parser.parse_args()
    if options.list:
        for fault in FAULTS:
            print(f"{fault.name:24}{fault.runbook:28}{fault.says}")
        return 0
    folder = REPOSITORY / ".studio" / "drill"
    folder.mkdir(parents=True, exist_ok=True)
    with Infrastructure(folder, environment=os.environ | {"STUDIO_STACK": "native"}) as infrastructure:
        if options.walk:
            return _walk(infrastructure)
        if options.record:
            return _record(_chosen(options), infrastructure)
        passed = [_drill(fault, infrastructure) for fault in _chosen(options)]
    return 0 if all(passed) else 1


def _chosen(options: argparse.Namespace) -> list[Fault]:
    if options.all:
        return list(FAULTS)
    known = {fault.name: fault for fault in FAULTS}
    if unknown := set(options.faults) - set(known):
        sys.exit(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
    return [known[name] for name in options.faults] or [random.SystemRandom().choice(FAULTS)]


def _drill(fault: Fault, infrastructure: Infrastructure) -> bool:
    if missing := fault.missing():
        print(f"{fault.name}: not staged, because this machine has no {missing}", flush=True)
        return True
    print("A fault is about to be staged.", flush=True)
    try:
        with drill_stack_for(fault, infrastructure) as (studio, watch):
            report = carry_out(fault, studio, watch)
    except Exception as error:  # noqa: BLE001 - the next fault is staged all the same
        print(f"{fault.name}: {type(error).__name__}: {error}", flush=True)
        return False
    print("\n".join([*report.lines, str(report)]), flush=True)
    if report.passed:
        write_down(report)
    return report.passed


def _record(faults: list[Fault], infrastructure: Infrastructure) -> int:
    missed = 0
    with drill_stack_for(HEALTHY, infrastructure) as (studio, watch):
        for fault in faults:
            report = carry_out(fault, studio, watch, RING_SECONDS)
            kept = record(report, watch)
            missed += not kept
            print(*report.lines, report, f"kept: {', '.join(kept) or 'nothing rang'}", sep="\n", flush=True)
    return 1 if missed else 0


def _walk(infrastructure: Infrastructure) -> int:
    wrong = 0
    for command, fault in walk(infrastructure):
        wrong += bool(fault)
        print(f"{'wrong' if fault else 'ok   '} {command.page}: {command.line}", fault, flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
