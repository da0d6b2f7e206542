"""Five faults on one studio: each is named by the doctor or an alert, is resolved by its runbook, and loses no job."""

from collections.abc import Iterator

import pytest

from studio_drill.drill import carry_out
from studio_drill.drill_stack import drill_stack_for
from studio_drill.faults import DrillStack, Fault
from studio_drill.table import FAULTS
from studio_drill.walk import HEALTHY
from studio_drill.watch import Watch
from studio_local.infrastructure import Infrastructure

QUICK = ("out-of-credit", "broker-memory", "index-gone", "stencil-hangs", "spending-stopped")
"""Of the provider, the broker, the database, a service, and an operator. They need no settings of their own."""


@pytest.fixture(scope="module")
def watched(infrastructure: Infrastructure) -> Iterator[tuple[DrillStack, Watch]]:
    with drill_stack_for(HEALTHY, infrastructure) as opened:
        yield opened


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.name in QUICK], ids=lambda fault: fault.name)
def test_a_fault_is_named_and_mended_and_loses_nothing(fault: Fault, watched: tuple[DrillStack, Watch]) -> None:
    report = carry_out(fault, *watched)
    assert report.passed, "\n".join([*report.lines, str(report)])
