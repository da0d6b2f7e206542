"""Start the postprocess service: `python -m studio_postprocess`."""

from studio_chassis.runtime.imports import lean_imports

if __name__ == "__main__":
    with lean_imports():
        from studio_chassis.runtime.service import run_service
        from studio_postprocess.app import build
        from studio_postprocess.settings import PostprocessSettings
    run_service("postprocess", PostprocessSettings, build)
