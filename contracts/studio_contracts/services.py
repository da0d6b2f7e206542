"""The five services, as one table. The local stack, the documents and the tests derive their lists from it."""

from dataclasses import dataclass

from studio_contracts.topology import QUEUES, Queue

_COMMITTING = ("before-commit", "after-commit", "after-publish")
_CONSUMING = (*_COMMITTING, "before-ack")


@dataclass(frozen=True)
class Service:
    """A service: its name, and the failpoints that it passes (studio_chassis.runtime.failpoints describes them).

    The name is also that of its package (`studio_<name>`), its image, its deployment and the first part of its queues.
    """

    name: str
    failpoints: tuple[str, ...]

    @property
    def package(self) -> str:
        return f"studio_{self.name}"

    @property
    def queues(self) -> tuple[Queue, ...]:
        """The queues that it consumes."""
        return tuple(queue for queue in QUEUES if queue.name.startswith(f"{self.name}."))


SERVICES: dict[str, Service] = {
    service.name: service
    for service in (
        Service("gateway", (*_COMMITTING, "after-webhook-record")),
        Service("stencil", (*_CONSUMING, "after-store")),
        Service("predictor", (*_CONSUMING, "after-reserve", "before-create", "after-create")),
        Service("postprocess", (*_CONSUMING, "after-store")),
        Service("reconciler", (*_CONSUMING, "after-rescue")),
    )
}
"""By name, in the order in which a job meets them."""
