"""What the TLS settings make of the URLs, and what is refused at start."""

from pathlib import Path

import pytest
import trustme

from studio_chassis.runtime import tls

CA, CLIENT = Path("/etc/studio/ca 1.pem"), Path("/etc/studio/me.pem")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("amqp://u:p@host/v", "amqp://u:p@host/v"),
        (
            "amqps://u:p@host:5671/v",
            "amqps://u:p@host:5671/v?cafile=%2Fetc%2Fstudio%2Fca%201.pem"
            "&certfile=%2Fetc%2Fstudio%2Fme.pem&keyfile=%2Fetc%2Fstudio%2Fme.pem",
        ),
    ],
)
def test_only_a_url_that_asks_for_tls_gets_the_files(url: str, expected: str) -> None:
    assert tls.broker_address(url, CA, CLIENT) == expected
    assert tls.broker_address(url, None, None) == url


@pytest.mark.parametrize(
    ("url", "uses_tls"),
    [
        ("mongodb://host/?replicaSet=s", False),
        ("mongodb://host/?replicaSet=s&tls=true", True),
        ("mongodb://host/?ssl=true", True),
        ("mongodb://host,other/?tls=false", False),
        ("mongodb+srv://host", True),
        ("mongodb+srv://host/?tls=false", False),
    ],
)
def test_a_database_url_gets_the_files_where_it_asks_for_tls(url: str, uses_tls: bool) -> None:
    found = tls.database_address(url, CA, None)
    assert ("tlsCAFile=%2Fetc%2Fstudio%2Fca%201.pem" in found) == uses_tls
    assert uses_tls or found == url
    assert "tlsCertificateKeyFile" not in found


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    (tmp_path / "empty.pem").write_text("")
    secure = ("amqps://host/", "mongodb://host/")
    assert tls.faults({"STUDIO_TLS_CA_FILE": tmp_path / "ca.pem", "STUDIO_TLS_CLIENT_FILE": None}, secure) == []
    assert tls.faults({"STUDIO_TLS_CA_FILE": None, "STUDIO_TLS_CLIENT_FILE": None}, ("amqp://h/", "mongodb://h/")) == []
    for name in ("empty.pem", "missing.pem"):
        (fault,) = tls.faults({"STUDIO_TLS_CA_FILE": tmp_path / name}, secure)
        assert fault.startswith("STUDIO_TLS_CA_FILE: no certificate can be read")
    (fault,) = tls.faults({"STUDIO_TLS_CLIENT_FILE": tmp_path / "ca.pem"}, secure)
    assert fault.startswith("STUDIO_TLS_CLIENT_FILE: no certificate"), "a certificate without its key"


def test_files_without_a_url_that_asks_for_tls_are_a_mistake(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    (fault,) = tls.faults({"STUDIO_TLS_CA_FILE": tmp_path / "ca.pem"}, ("amqp://host/", "mongodb://host/"))
    assert "asks for TLS" in fault
