"""Start the gateway service: `python -m studio_gateway`."""

from studio_chassis.service import run_service
from studio_gateway.app import build
from studio_gateway.settings import GatewaySettings

if __name__ == "__main__":
    run_service("gateway", GatewaySettings, build)
