"""Start the reconciler service: `python -m studio_reconciler`."""

from studio_chassis.runtime.service import run_service
from studio_reconciler.app import build
from studio_reconciler.settings import ReconcilerSettings

if __name__ == "__main__":
    run_service("reconciler", ReconcilerSettings, build)
