"""What each service may do on the broker, as data that follows from the topology: RabbitMQ's permissions of its user.

RabbitMQ asks for `configure` to declare or delete, for `write` to publish to an exchange or bind a queue, and for
`read` to consume a queue or bind to an exchange. A permission is a regular expression of names; the default exchange,
by which a dead letter gets into its queue, is called amq.default.

The exchange before the partitions of a queue has the queue's name. Partitions are permitted whatever their number, so
that the setting can be changed without the rights.
"""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from studio_contracts import topology
from studio_contracts.services import SERVICES, Service
from studio_contracts.topology import Queue

KEEPER = "reconciler"
"""The service that declares what all share: the event exchange and the delay queues. It looks into all dead letters."""
DEFAULT_EXCHANGE = "amq.default"
_DELAYS = tuple(topology.retry_exchange(delay) for delay in topology.RETRY_DELAYS)


@dataclass(frozen=True)
class Rights:
    """Permissions of one user in the studio's virtual host. An empty text permits nothing."""

    configure: str
    write: str
    read: str


def _any_of(names: Iterable[str], queues: Iterable[Queue] = ()) -> str:
    found = {re.escape(name) for name in names}
    found |= {re.escape(queue.name) + (r"(\.[0-9]+)?" if queue.partitioned else "") for queue in queues}
    return f"^({'|'.join(sorted(found))})$" if found else "^$"


def rights_of(service: Service) -> Rights:
    """Its own queues, publishing events and, where it consumes, putting messages off; the keeper's besides.

    Only the keeper and the queue's consumer read a queue. Only the keeper reads dead letters.
    """
    queues = service.queues
    configure = [queue.dead_letter_queue for queue in queues]
    consuming = (DEFAULT_EXCHANGE, *_DELAYS) if queues else ()
    write = [topology.EXCHANGE, *configure, *consuming]
    read = [topology.EXCHANGE] if queues else []  # to bind its queues to
    if service.name == KEEPER:
        configure += [topology.EXCHANGE, *_DELAYS]
        read += [*_DELAYS, *(queue.dead_letter_queue for queue in topology.QUEUES)]
    return Rights(_any_of(configure, queues), _any_of(write, queues), _any_of(read, queues))


def permissions() -> dict[str, dict[str, str]]:
    """The rights of every service by the name of its user, as `configure`, `write` and `read`."""
    return {f"studio-{name}": asdict(rights_of(service)) for name, service in SERVICES.items()}
