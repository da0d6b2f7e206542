"""The files of the local broker: who may read its secrets, and where a crash is written down."""

import stat
from pathlib import Path
from typing import Any

from studio_local.broker import BrokerPorts, NativeBroker


def test_the_files_with_the_broker_s_secrets_are_its_owner_s_alone(tmp_path: Path) -> None:
    home = tmp_path / "broker"
    home.mkdir()
    (home / "rabbitmq.conf").write_text("left behind by an older release, readable by all")
    (home / "rabbitmq.conf").chmod(0o644)
    secrets = {"broker": "a-secret", "erlang_cookie": "a-cookie"}
    nothing: Any = None
    NativeBroker(home, BrokerPorts(1, 2, 3, 4, 5), secrets, tmp_path, nothing)._write_configuration()
    for name in ("rabbitmq.conf", ".erlang.cookie"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600, name
    assert "a-secret" in (home / "rabbitmq.conf").read_text()


def test_a_crash_is_written_down_in_the_broker_s_folder(tmp_path: Path) -> None:
    nothing: Any = None
    environment = NativeBroker(
        tmp_path, BrokerPorts(1, 2, 3, 4, 5), {"broker": "a-secret"}, tmp_path, nothing
    ).environment()
    assert Path(environment["ERL_CRASH_DUMP"]).parent == tmp_path
