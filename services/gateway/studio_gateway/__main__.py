"""Start the gateway service: `python -m studio_gateway`."""

import gc

from studio_chassis.runtime.imports import lean_imports

OBJECTS_PER_COLLECTION = 20_000
"""Reading one job makes some thousand: at the default of 700, collecting garbage is a fifth of the work."""

if __name__ == "__main__":
    with lean_imports():
        from studio_chassis.runtime.service import run_service
        from studio_gateway.app import build
        from studio_gateway.settings import GatewaySettings
    gc.set_threshold(OBJECTS_PER_COLLECTION)
    run_service("gateway", GatewaySettings, build)
