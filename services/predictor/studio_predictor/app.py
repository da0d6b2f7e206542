"""What the predictor does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from studio_chassis.replicate.client import ReplicateClient
from studio_chassis.replicate.http_client import open_http_client
from studio_chassis.runtime.service import ServiceContext, ServiceDefinition
from studio_contracts import topology
from studio_predictor.handlers import Predictor
from studio_predictor.settings import PredictorSettings


@asynccontextmanager
async def build(chassis: ServiceContext, settings: PredictorSettings) -> AsyncIterator[ServiceDefinition]:
    """Each queue and its handler; one HTTP connection pool to the provider."""
    async with open_http_client() as http:
        provider = ReplicateClient(http, settings.replicate_api_base, settings.replicate_api_token, chassis.clock)
        backlog = partial(chassis.broker.ready_count, topology.POSTPROCESS_PREDICTION_SUCCEEDED)
        predictor = Predictor(chassis.jobs, chassis.objects, provider, settings, chassis.clock, backlog)
        yield ServiceDefinition(
            {
                topology.PREDICTOR_STENCIL_READY: predictor.plan_slots,
                topology.PREDICTOR_PREDICTION_REQUESTED: predictor.request_prediction,
                topology.PREDICTOR_PREDICTION_UPDATED: predictor.read_update,
                topology.PREDICTOR_JOB_ENDED: predictor.cancel_predictions,
            }
        )
