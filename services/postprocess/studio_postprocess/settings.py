"""Settings of the postprocess service."""

from pydantic import Field

from studio_chassis.runtime.settings import ServiceSettings


class PostprocessSettings(ServiceSettings):
    """Where pictures may be fetched from."""

    download_hosts: str = Field(
        "replicate.delivery *.replicate.delivery",
        validation_alias="STUDIO_DOWNLOAD_HOSTS",
        description="Hosts pictures may come from, separated by spaces: https unless written as http://host:port. "
        "Fetched without a proxy, which would look up names itself",
    )
