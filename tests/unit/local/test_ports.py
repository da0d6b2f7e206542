"""Ports are free, below the ephemeral range, and stay the same over restarts."""

import socket
from pathlib import Path

from studio_local.ports import LOOPBACK, free_port, is_free, stable_ports


def test_ports_are_below_the_range_of_outgoing_connections_and_never_given_twice() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert all(1024 < port < 32768 for port in ports)


def test_a_port_with_a_server_on_all_addresses_is_not_free() -> None:
    with socket.create_server(("", 0)) as server:
        assert not is_free(server.getsockname()[1])


def test_ports_stay_the_same_until_one_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    first = stable_ports(file, ["a", "b"])
    assert stable_ports(file, ["b", "a"]) == first
    with socket.create_server((LOOPBACK, first["a"])):
        second = stable_ports(file, ["a", "b"])
    assert second["b"] == first["b"]
    assert second["a"] != first["a"]
    assert stable_ports(file, ["a", "b"]) == second
