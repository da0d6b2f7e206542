"""The HTTP client for the provider, and the variables of the environment that it follows.

httpx reads proxies and certificates from variables that container desktops, companies and shells set. It raises errors
of many kinds for values that it cannot use, so they are checked here, and named.
"""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import structlog

PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
NO_PROXY_VARIABLES = ("no_proxy", "NO_PROXY")
log = structlog.get_logger()


def environment_faults() -> list[str]:
    """What is wrong with the environment's proxy and certificate variables, as `NAME: reason`. Values may be secret."""
    faults = [
        f"{name}: not the URL of an HTTP proxy, such as http://host:3128"
        for name in PROXY_VARIABLES
        if (value := os.environ.get(name, "").strip()) and not _is_http_proxy(value)
    ]
    certificates = os.environ.get("SSL_CERT_FILE")
    if certificates:
        try:
            ssl.create_default_context(cafile=certificates)
        except OSError as error:  # an SSLError is one, too
            faults.append(f"SSL_CERT_FILE: no certificates can be read from it ({error.strerror or error})")
    return faults


def open_http_client() -> httpx.AsyncClient:
    """A client that follows the environment. Entries of NO_PROXY that it cannot use are logged and left out."""
    with _usable_no_proxy():
        return httpx.AsyncClient()


def _is_http_proxy(value: str) -> bool:
    try:
        proxy = httpx.Proxy(value if "://" in value else f"http://{value}")
        httpx.AsyncHTTPTransport(proxy=proxy, verify=False)  # only to see whether it accepts the proxy
    except (ValueError, ImportError, httpx.InvalidURL):
        return False
    return bool(proxy.url.host)


@contextmanager
def _usable_no_proxy() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in NO_PROXY_VARIABLES}
    entries = [entry for one in (before["no_proxy"] or before["NO_PROXY"] or "").split(",") if (entry := one.strip())]
    try:
        usable = [entry for entry in entries if _is_usable(entry)]
        if len(usable) < len(entries):
            log.warning("entries of NO_PROXY ignored", entries=[entry for entry in entries if entry not in usable])
        _set_no_proxy(",".join(usable))
        yield
    finally:
        for name, value in before.items():
            _set(name, value)


def _is_usable(entry: str) -> bool:
    """Whether httpx makes a pattern of it. It refuses IPv6 networks and addresses in brackets."""
    _set_no_proxy(entry)
    try:
        httpx.Client(verify=False).close()  # noqa: S501 - only to see whether it accepts the entry
    except (ValueError, httpx.InvalidURL):
        return False
    return True


def _set_no_proxy(value: str) -> None:
    for name in NO_PROXY_VARIABLES:
        _set(name, value)


def _set(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
