"""Pictures over real connections: which are kept, whose certificate they need, and how a slow one ends."""

import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager

import pytest
import trustme
from urllib3.exceptions import SSLError

from studio_postprocess.io import download
from studio_postprocess.io.download import Downloader, DownloadError, read_allow_list
from studio_postprocess.io.file_connections import Exchange, FileConnections, FileRequest

NAME = "replicate.delivery"
LOOPBACK = "127.0.0.1"
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\npicture"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\npic\r\n4\r\nture\r\n0\r\n\r\n"


class Host:
    """A server of files: answers each request with the next of `answers`, and waits for the client to end."""

    def __init__(self, *answers: bytes, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.ended = threading.Event()
        self._answers = list(answers)
        self._context = context
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{LOOPBACK}:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
                self.connections += 1
                with connection if self._context is None else self._context.wrap_socket(connection, True) as one:
                    while asked := one.recv(65536):
                        self.requests.append(asked)
                        one.sendall(self._answers.pop(0))
                self.ended.set()
            except ssl.SSLError:
                continue
            except OSError:
                return

    def close(self) -> None:
        self._listener.close()


@contextmanager
def downloads(host: Host) -> Iterator[Callable[[str], Awaitable[bytes]]]:
    async def no_time(_: float) -> None:
        return None

    with closing(host), closing(FileConnections()) as files:
        yield Downloader(files.open, read_allow_list(host.url), no_time).fetch


@pytest.mark.parametrize("answer", [WHOLE, CHUNKED])
async def test_a_connection_is_kept_for_the_next_picture(answer: bytes) -> None:
    host = Host(answer, answer)
    with downloads(host) as fetch:
        assert [await fetch(f"{host.url}/{name}.png?x=y") for name in "ab"] == [b"picture"] * 2
    assert host.connections == 1
    request, headers = host.requests[1].decode().split("\r\n", 1)
    assert request == "GET /b.png?x=y HTTP/1.1"
    assert f"Host: {LOOPBACK}:{host.port}\r\n" in headers
    assert "Accept-Encoding: identity\r\n" in headers


async def test_a_picture_that_breaks_off_is_tried_again() -> None:
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\npic"
    host = Host(short, WHOLE)
    with downloads(host) as fetch:
        host._answers[0] = b"no HTTP at all\r\n\r\n"
        assert await fetch(f"{host.url}/a.png") == b"picture"
    assert host.connections == 2


@pytest.mark.parametrize(
    "beginning",
    [b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-", b"HTTP/1.1 200 OK\r\n\r\npic"],
)
async def test_a_host_that_does_not_finish_is_given_up(beginning: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "SECONDS", 0.05)
    host = Host(*[beginning or b" "] * 3)
    with downloads(host) as fetch:
        with pytest.raises(DownloadError, match="TimeoutError"):
            await fetch(f"{host.url}/a.png")
        assert host.ended.wait(5)  # its thread has closed the connection, and waits for nothing more


def test_nothing_is_read_for_who_gave_up_before() -> None:
    host = Host(WHOLE)
    with closing(host), closing(FileConnections()) as files:
        exchange = Exchange()
        exchange.give_up()
        with pytest.raises(Exception, match="given up"):
            exchange.run(files.open, FileRequest("http", LOOPBACK, LOOPBACK, host.port, host.url[7:], "/"))


@pytest.mark.parametrize("of", [NAME, "other.delivery", LOOPBACK])
def test_the_certificate_must_be_the_name_s_whatever_the_address(of: str) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(of).configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    host = Host(WHOLE, context=context)
    request = FileRequest("https", NAME, LOOPBACK, host.port, NAME, "/a.png")
    with closing(host), closing(FileConnections(trusting)) as files:
        if of == NAME:
            assert Exchange().run(files.open, request).data == b"picture"
            assert f"Host: {NAME}\r\n".encode() in host.requests[0]
        else:
            with pytest.raises(SSLError, match="certificate"):
                Exchange().run(files.open, request)


def test_a_certificate_of_a_stranger_is_refused() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(NAME).configure_cert(context)
    host = Host(WHOLE, context=context)
    with closing(host), closing(FileConnections()) as files, pytest.raises(SSLError, match="certificate"):
        Exchange().run(files.open, FileRequest("https", NAME, LOOPBACK, host.port, NAME, "/a.png"))
