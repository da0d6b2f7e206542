"""The kind: a proxy that sends a request on a connection which the gateway is just closing."""

import re
import socket
from contextlib import closing
from datetime import timedelta

import pytest

from studio_chassis.runtime.service import server_config
from studio_gateway.settings import GatewaySettings
from studio_support.served_gateway import serving

from .conftest import DOCUMENT

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: studio\r\n\r\n"
NGINX_KEEPS_SECONDS = 60
TRAEFIK_KEEPS_SECONDS = int(re.findall(r"idleConnTimeout: (\d+)s", DOCUMENT.read_text())[0])


def test_the_gateway_keeps_an_idle_connection_for_longer_than_the_proxies_of_the_recipes() -> None:
    with serving() as gateway:
        config = server_config(None, gateway.inner.definition, 1)
    assert config.timeout_keep_alive == GatewaySettings.model_fields["keep_alive"].default.total_seconds()
    assert config.timeout_keep_alive > max(NGINX_KEEPS_SECONDS, TRAEFIK_KEEPS_SECONDS)


@pytest.mark.parametrize(("seconds", "is_kept"), [(1, False), (75, True)])
def test_the_setting_decides_when_an_idle_connection_closes(seconds: int, is_kept: bool) -> None:
    with (
        serving(keep_alive=timedelta(seconds=seconds)) as gateway,
        closing(socket.create_connection(("127.0.0.1", int(gateway.url.rpartition(":")[2])), timeout=60)) as connection,
    ):
        connection.sendall(REQUEST)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.settimeout(3 if is_kept else 60)
        try:
            while connection.recv(65536):
                pass
            closed = True
        except TimeoutError:
            closed = False
    assert closed is not is_kept
