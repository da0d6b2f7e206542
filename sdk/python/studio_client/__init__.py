"""The Python client of TPV Studio."""

from studio_client.async_client import AsyncStudioClient
from studio_client.client import StudioClient
from studio_client.errors import ApiError, JobFailed, StillRunning, StudioError, Unreachable

__all__ = ["ApiError", "AsyncStudioClient", "JobFailed", "StillRunning", "StudioClient", "StudioError", "Unreachable"]
