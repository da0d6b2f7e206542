"""Free loopback ports below the range from which the kernel serves outgoing connections.

A client that keeps reconnecting from an ephemeral port can connect to itself and so occupy the very port its server
needs after a restart. Ports below 32768 are out of that range.
"""

import json
import random
import socket
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

LOOPBACK = "127.0.0.1"
NO_TLS = False
"""`verify` of a request over plain HTTP. Else httpx reads every authority of the machine, 20 ms of CPU a request."""
_RANGE = range(20_000, 32_768)
_given_out: set[int] = set()


def is_free(port: int) -> bool:
    """Whether a server could listen on the port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def is_listening(port: int) -> bool:
    """Whether something accepts connections on the port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def free_port() -> int:
    """A free port that this process has not given out before."""
    first = random.SystemRandom().randrange(len(_RANGE))
    candidates = chain(_RANGE[first:], _RANGE[:first])
    port = next(port for port in candidates if port not in _given_out and is_free(port))
    _given_out.add(port)
    return port


def stable_ports(file: Path, names: Iterable[str]) -> dict[str, int]:
    """One port for each name, the same as last time where still free; remembered in `file`."""
    known: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    ports = {name: known[name] if name in known and is_free(known[name]) else free_port() for name in names}
    _given_out.update(ports.values())
    file.write_text(json.dumps(known | ports, indent=2))
    return ports
