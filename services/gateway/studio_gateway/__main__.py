"""Start the gateway service: `python -m studio_gateway`."""

from studio_chassis.runtime.imports import lean_imports

if __name__ == "__main__":
    with lean_imports():
        from studio_chassis.runtime.service import run_service
        from studio_gateway.app import build
        from studio_gateway.settings import GatewaySettings
    run_service("gateway", GatewaySettings, build)
