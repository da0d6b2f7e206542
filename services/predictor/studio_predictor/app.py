"""What the predictor does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from studio_chassis.replicate.client import ReplicateClient
from studio_chassis.replicate.http_client import open_http_client
from studio_chassis.runtime.handlers import JobHandler
from studio_chassis.runtime.service import ServiceContext, ServiceDefinition
from studio_contracts import topology
from studio_contracts.events import JobCanceled, JobFailed, PredictionRequested, PredictionUpdated, StencilReady
from studio_predictor.backlog import Backlog
from studio_predictor.handlers import Predictor
from studio_predictor.settings import PredictorSettings


@asynccontextmanager
async def build(chassis: ServiceContext, settings: PredictorSettings) -> AsyncIterator[ServiceDefinition]:
    """The table of handlers; one HTTP connection pool to the provider."""
    async with open_http_client() as http:
        provider = ReplicateClient(http, settings.replicate_api_base, settings.replicate_api_token, chassis.clock)
        count = partial(chassis.broker.ready_count, topology.POSTPROCESS_PREDICTION_SUCCEEDED)
        predictor = Predictor(
            chassis.jobs,
            chassis.store,
            chassis.objects,
            provider,
            settings,
            chassis.clock,
            Backlog(count, settings.max_backlog),
            chassis.store.slots_under_way,
        )
        yield ServiceDefinition(
            [
                JobHandler(topology.PREDICTOR_STENCIL_READY, StencilReady, predictor.begin_predictions),
                JobHandler(topology.PREDICTOR_PREDICTION_REQUESTED, PredictionRequested, predictor.request_prediction),
                JobHandler(topology.PREDICTOR_PREDICTION_UPDATED, PredictionUpdated, predictor.read_update),
                JobHandler[JobCanceled | JobFailed](
                    topology.PREDICTOR_JOB_ENDED,
                    (JobCanceled, JobFailed),
                    predictor.cancel_predictions,
                    of_ended_jobs=True,
                ),
            ]
        )
