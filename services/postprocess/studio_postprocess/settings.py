"""Settings of the postprocess service."""

from datetime import timedelta

from pydantic import Field

from studio_chassis.runtime.settings import Duration, ServiceSettings


class PostprocessSettings(ServiceSettings):
    """Where pictures may be fetched from, and what the work on one may take."""

    download_hosts: str = Field(
        "replicate.delivery *.replicate.delivery",
        validation_alias="STUDIO_DOWNLOAD_HOSTS",
        description="Hosts pictures may come from, separated by spaces: https unless written as http://host:port. "
        "Fetched without a proxy, which would look up names itself",
    )
    picture_memory_mb: int = Field(
        512,
        ge=256,
        validation_alias="STUDIO_PICTURE_MEMORY_MB",
        description="Memory of each process that works on pictures, one a core, in MiB. "
        "A picture that needs more costs that picture",
    )
    picture_time_limit: Duration = Field(
        timedelta(seconds=30),
        gt=timedelta(0),
        validation_alias="STUDIO_PICTURE_SECONDS",
        description="Time for the work on one picture, after which its process is killed. It costs that picture",
    )
