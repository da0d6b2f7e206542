"""Start the predictor service: `python -m studio_predictor`."""

from studio_chassis.runtime.service import run_service
from studio_predictor.app import build
from studio_predictor.settings import PredictorSettings

if __name__ == "__main__":
    run_service("predictor", PredictorSettings, build)
