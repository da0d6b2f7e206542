"""TLS to broker and database: each URL says whether it is used, files say whom to trust and who we are."""

import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit


def broker_address(url: str, authority: Path | None, client: Path | None) -> str:
    """An amqps URL with the files as the parameters that aio-pika knows; any other URL as it is."""
    if urlsplit(url).scheme != "amqps":
        return url
    return _with(url, {"cafile": authority, "certfile": client, "keyfile": client})


def database_address(url: str, authority: Path | None, client: Path | None) -> str:
    """A MongoDB URL that asks for TLS with the files as options of the driver; any other URL as it is."""
    return _with(url, {"tlsCAFile": authority, "tlsCertificateKeyFile": client}) if _database_uses_tls(url) else url


def faults(files: Mapping[str, Path | None], urls: Sequence[str]) -> list[str]:
    """What is wrong with the files, by the name of their setting; also when no URL asks for TLS, so none is used."""
    found = []
    for name, file in files.items():
        if file is None:
            continue
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            if name.endswith("_CA_FILE"):
                context.load_verify_locations(file)
            else:
                context.load_cert_chain(file)
        except OSError as error:  # an SSLError is one, too
            found.append(f"{name}: no certificate can be read from it ({error.strerror or type(error).__name__})")
        if not any(urlsplit(url).scheme == "amqps" or _database_uses_tls(url) for url in urls):
            found.append(f"{name}: neither RABBITMQ_URL (amqps://…) nor MONGODB_URL (…?tls=true) asks for TLS")
    return found


def _database_uses_tls(url: str) -> bool:
    parts = urlsplit(url)
    options = {name.lower(): value for name, value in parse_qsl(parts.query)}
    asked = options.get("tls", options.get("ssl"))
    return parts.scheme == "mongodb+srv" if asked is None else asked.lower() == "true"


def _with(url: str, files: Mapping[str, Path | None]) -> str:
    parts = urlsplit(url)
    given = {name: str(file) for name, file in files.items() if file is not None}
    query = "&".join(filter(None, (parts.query, urlencode(given, quote_via=quote, safe=""))))
    path = parts.path or ("/" if parts.scheme.startswith("mongodb") else "")  # the driver wants one before options
    return urlunsplit(parts._replace(path=path, query=query))
