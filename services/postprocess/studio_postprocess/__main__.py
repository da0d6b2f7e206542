"""Start the postprocess service: `python -m studio_postprocess`."""

from studio_chassis.runtime.service import run_service
from studio_postprocess.app import build
from studio_postprocess.settings import PostprocessSettings

if __name__ == "__main__":
    run_service("postprocess", PostprocessSettings, build)
