"""Start the predictor service: `python -m studio_predictor`."""

from studio_chassis.runtime.imports import lean_imports

if __name__ == "__main__":
    with lean_imports():
        from studio_chassis.runtime.service import run_service
        from studio_predictor.app import build
        from studio_predictor.settings import PredictorSettings
    run_service("predictor", PredictorSettings, build)
