"""No import is looked for in hot code: a module that is missing is searched on the whole path, each time anew.

httpcore looks for `sniffio` several times a request, and no library that we use brings it.
"""

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.machinery import ModuleSpec
from types import ModuleType

import httpx
import pytest
from pydantic import SecretStr

from studio_chassis.replicate.client import ReplicateClient
from studio_postprocess.io.download import Downloader, read_allow_list
from studio_postprocess.io.http_session import PublicAddresses, open_session, trusted_authorities

BODY = b'{"id": "p1", "status": "starting"}'


class Searches:
    """A finder that finds nothing, and records what had to be searched for because it was not imported yet."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Record the name."""
        self.names.append(name)
        return None


@contextmanager
def searches() -> Iterator[list[str]]:
    finder = Searches()
    sys.meta_path.insert(0, finder)
    yield finder.names
    sys.meta_path.remove(finder)


class Handler(BaseHTTPRequestHandler):
    """Answers every request with a prediction."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_the_finder_sees_a_missing_module() -> None:
    with searches() as names, pytest.raises(ImportError):
        import no_such_module  # type: ignore[import-not-found]  # noqa: F401
    assert names == ["no_such_module"]


async def test_a_request_to_the_provider_looks_for_no_module(url: str) -> None:
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        provider = ReplicateClient(http, url, SecretStr("r8_x"))
        await provider.read("p1")
        with searches() as names:
            await provider.read("p1")
    assert names == []


async def test_a_download_looks_for_no_module(url: str) -> None:
    async with open_session(PublicAddresses(), trusted_authorities()) as session:
        downloader = Downloader(session, read_allow_list(url))
        await downloader.fetch(f"{url}/a.png")
        with searches() as names:
            await downloader.fetch(f"{url}/a.png")
    assert names == []
