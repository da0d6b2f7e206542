"""The kind: a response that is compressed twice. Prometheus asks for gzip, and so does every browser."""

import gzip
import urllib.request

from studio_support.served_gateway import serving


def test_metrics_are_compressed_once() -> None:
    with serving(health_port=8080) as gateway:
        request = urllib.request.Request(f"{gateway.url}/metrics", headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request, timeout=30) as response:
            assert response.headers.get_all("Content-Encoding") == ["gzip"]
            assert b"studio_messages_total" in gzip.decompress(response.read())
