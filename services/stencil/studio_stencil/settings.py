"""Settings of the stencil service: the common ones suffice."""

from studio_chassis.runtime.settings import ServiceSettings


class StencilSettings(ServiceSettings):
    """Nothing beyond what every service needs."""
