"""AMQP 0-9-1 on the wire: whole frames out of a stream of bytes, and what they say about channels and deliveries.

Frames: type (1 byte), channel (2), size (4), payload, end (1). A method's payload begins with its class and number.
"""

import struct
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

HEADER_BYTES = 8
METHOD = 1
CONFIRM = (60, 80)
"""Only a publisher's confirm is a basic.ack that comes from the broker."""


class Frame(NamedTuple):
    """`method` is (class, number) of a method's frame, None of any other; `arguments` are what follows it."""

    raw: bytes
    channel: int
    method: tuple[int, int] | None
    arguments: bytes


class Frames:
    """Cuts one direction of a connection into frames."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole with these bytes. The protocol's header counts as one."""
        self._rest += data
        while frame := self._next():
            yield frame

    def _next(self) -> Frame | None:
        if len(self._rest) < HEADER_BYTES:
            return None
        if self._rest.startswith(b"AMQP"):
            return Frame(self._cut(HEADER_BYTES), 0, None, b"")
        kind, channel, size = struct.unpack_from(">BHL", self._rest)
        if len(self._rest) < size + HEADER_BYTES:
            return None
        raw = self._cut(size + HEADER_BYTES)
        if kind != METHOD:
            return Frame(raw, channel, None, b"")
        return Frame(raw, channel, struct.unpack_from(">HH", raw, 7), raw[11:-1])

    def _cut(self, size: int) -> bytes:
        raw = bytes(self._rest[:size])
        del self._rest[:size]
        return raw


class Traffic:
    """Open channels and messages in flight of one connection; by queue, its deliveries and the most it ever held."""

    def __init__(self) -> None:
        self.channels: set[int] = set()
        self.delivered: Counter[str] = Counter()
        self.most_unacknowledged: Counter[str] = Counter()
        self._queues: dict[int, str] = {}
        self._in_flight: defaultdict[int, set[int]] = defaultdict(set)

    @property
    def in_flight(self) -> int:
        """How many deliveries wait for an answer now."""
        return sum(map(len, list(self._in_flight.values())))

    def from_client(self, frame: Frame) -> None:
        """A frame from the service to the broker."""
        channel, arguments = frame.channel, frame.arguments
        match frame.method:
            case (20, 10):
                self.channels.add(channel)
            case (20, 40):
                self._closed(channel)
            case (60, 20):  # after a reserved short: the queue's name
                self._queues[channel] = arguments[3 : 3 + arguments[2]].decode()
            case (60, 80) | (60, 90):  # acknowledged or rejected; the studio never settles several with one frame
                self._in_flight[channel].discard(int.from_bytes(arguments[:8]))

    def heard(self, frame: Frame) -> None:
        """A frame from the broker to the service."""
        channel, arguments = frame.channel, frame.arguments
        match frame.method:
            case (20, 40):
                self._closed(channel)
            case (60, 60):  # a delivery; after the consumer's tag comes its own
                start = 1 + arguments[0]
                self._in_flight[channel].add(int.from_bytes(arguments[start : start + 8]))
                queue = self._queues[channel]
                self.delivered[queue] += 1
                self.most_unacknowledged[queue] = max(self.most_unacknowledged[queue], len(self._in_flight[channel]))

    def _closed(self, channel: int) -> None:
        self.channels.discard(channel)
        self._in_flight.pop(channel, None)
