"""The faults that are staged, one row each, and the pages that none of them leads to."""

from studio_drill.faults import Fault
from studio_drill.provider_faults import PROVIDER_FAULTS
from studio_drill.server_faults import SERVER_FAULTS
from studio_drill.service_faults import SERVICE_FAULTS

FAULTS: tuple[Fault, ...] = (*PROVIDER_FAULTS, *SERVER_FAULTS, *SERVICE_FAULTS)

NOT_STAGED = {
    "callbacks-fail": "a call is given up after a day",
    "deploy": "no fault leads there; tests/chaos/test_drain.py replaces services under load",
    "invariant-violated": "a breach would be a bug; the page's own commands are in 'Carried out'",
    "restore-after-data-loss": "it wipes what the other faults need",
    "upgrade-event-versions": "no fault leads there; tests/unit/chassis/test_mixed_releases.py holds its rules",
}
"""Runbooks that no row leads to, and why."""
