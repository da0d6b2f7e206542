"""Links to the broker's code: of what is enabled and what that needs, made once for each version."""

import os
from pathlib import Path

import pytest

from studio_local.broker_code import linked_code

ENABLED = ["rabbitmq_management"]


def application(folder: Path, name: str, needs: str = "", version: str = "-1.0") -> Path:
    code = folder / f"{name}{version}" / "ebin"
    code.mkdir(parents=True)
    (code / f"{name}.app").write_text(f"{{application, {name}, [\n  {{applications, [kernel,{needs}]}}]}}.\n")
    (code / f"{name}_app.beam").write_bytes(name.encode())
    return code


@pytest.fixture
def server(tmp_path: Path) -> Path:
    plugins = tmp_path / "broker" / "plugins"
    application(plugins, "rabbit", "ranch, mnesia")
    application(plugins, "ranch")
    application(plugins, "rabbitmq_prelaunch", "rabbit")
    application(plugins, "rabbitmq_management", "rabbit,cowboy")
    application(plugins, "cowboy", "ranch")
    application(plugins, "rabbitmq_stomp", "rabbit")
    script = tmp_path / "broker" / "sbin" / "rabbitmq-server"
    script.parent.mkdir()
    script.touch()
    link = tmp_path / "bin" / "rabbitmq-server"
    link.parent.mkdir()
    link.symlink_to(script)
    return link


@pytest.fixture
def erlang(tmp_path: Path) -> Path:
    for name in ("mnesia", "kernel", "stdlib"):
        application(tmp_path / "erlang" / "lib", name)
    script = tmp_path / "erlang" / "bin" / "erl"
    script.parent.mkdir()
    script.touch()
    return script


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


def names(folder: Path) -> set[str]:
    return {file.name.removesuffix("_app.beam") for file in folder.iterdir()}


def test_what_is_enabled_is_linked_with_all_that_it_needs(server: Path, erlang: Path, home: Path) -> None:
    code = linked_code(server, erlang, ENABLED, home)
    assert code is not None
    needed = {"rabbit", "ranch", "rabbitmq_prelaunch", "rabbitmq_management", "cowboy"}
    assert names(code.plugins) == {f"{name}-1.0" for name in needed}
    assert names(code.modules) == needed | {"mnesia", "rabbitmq_stomp"}
    assert (code.modules / "cowboy_app.beam").read_bytes() == b"cowboy"


def test_links_are_made_again_for_another_version_alone(server: Path, erlang: Path, home: Path) -> None:
    first = linked_code(server, erlang, ENABLED, home)
    assert first is not None
    (first.modules / "mark").touch()
    assert linked_code(server, erlang, ENABLED, home) == first
    assert (first.modules / "mark").exists()
    os.utime(server.resolve().parents[1] / "plugins" / "cowboy-1.0" / "ebin", ns=(1, 1))
    second = linked_code(server, erlang, ENABLED, home)
    assert second is not None
    assert second != first
    assert [folder.name for folder in home.iterdir()] == [second.modules.parent.name]


def test_links_that_were_not_finished_are_made_anew(server: Path, erlang: Path, home: Path) -> None:
    (home / "code-new" / "modules").mkdir(parents=True)
    code = linked_code(server, erlang, ENABLED, home)
    assert code is not None
    assert (code.modules / "rabbit_app.beam").exists()


def test_a_server_with_other_plugins_is_left_as_it_is(server: Path, erlang: Path, home: Path) -> None:
    assert linked_code(server, erlang, ["rabbitmq_unheard_of"], home) is None
    assert list(home.iterdir()) == []


def test_a_folder_with_a_space_in_its_name_is_no_argument(server: Path, erlang: Path, tmp_path: Path) -> None:
    home = tmp_path / "my home"
    home.mkdir()
    assert linked_code(server, erlang, ENABLED, home) is None
