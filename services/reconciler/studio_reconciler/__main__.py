"""Start the reconciler service: `python -m studio_reconciler`."""

from studio_chassis.runtime.imports import lean_imports

if __name__ == "__main__":
    with lean_imports():
        from studio_chassis.runtime.service import run_service
        from studio_reconciler.app import build
        from studio_reconciler.settings import ReconcilerSettings
    run_service("reconciler", ReconcilerSettings, build)
