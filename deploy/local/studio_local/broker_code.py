"""The broker's code where it is found soonest.

Erlang looks for each of the five hundred modules of RabbitMQ in eighty folders, one after the other: a quarter of the
work of its start, and most of the waiting where cores are few. A folder of our own, which is searched first, has links
to all modules, and the folder of plugins has those that are enabled and what these need.
"""

import hashlib
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

STICKY = ("kernel", "stdlib", "compiler")
"""Applications whose modules Erlang takes from their own folders alone. It searches those first anyway."""
ALWAYS = ("rabbit", "rabbitmq_prelaunch")


class BrokerCode(NamedTuple):
    """Folders of links."""

    plugins: Path
    modules: Path


def linked_code(server: Path, erlang: Path, enabled: Sequence[str], home: Path) -> BrokerCode | None:
    """Make the links, if they are not there, for a server's and Erlang's start scripts.

    None where the server's plugins are not in folders beside it, or where `home` cannot be an argument of Erlang's.
    """
    found = {folder.name.rpartition("-")[0]: folder for folder in _plugins(server)}
    needed = _with_dependencies([*ALWAYS, *enabled], found)
    if not needed or " " in str(home):
        return None
    libraries = sorted((erlang.resolve().parents[1] / "lib").glob("*"))
    others = [folder for folder in libraries if folder.name.partition("-")[0] not in STICKY]
    code = [folder / "ebin" for folder in [*needed, *found.values(), *others]]  # not all name all that they need
    target = home / f"code-{_state(code)}"
    made = BrokerCode(target / "plugins", target / "modules")
    if not target.exists():
        for earlier in home.glob("code-*"):
            shutil.rmtree(earlier)
        _link(target.with_name("code-new"), needed, code).rename(target)
    return made


def _plugins(server: Path) -> list[Path]:
    return [file.parents[1] for file in (server.resolve().parents[1] / "plugins").glob("*/ebin/*.app")]


def _with_dependencies(names: Sequence[str], found: Mapping[str, Path]) -> list[Path]:
    """The folders of plugins and of all that they depend on; none where one of the plugins has no folder."""
    if not set(names) <= found.keys():
        return []
    needed, open_ones = dict[str, Path](), [*names]
    while open_ones:
        name = open_ones.pop()
        if name in found and name not in needed:
            needed[name] = found[name]
            description = (found[name] / "ebin" / f"{name}.app").read_text()
            listed = re.search(r"\{\s*applications\s*,\s*\[([^\]]*)\]", description)
            open_ones += re.findall(r"\w+", listed[1]) if listed else []
    return list(needed.values())


def _state(code: Iterable[Path]) -> str:
    """A digest that changes with every update of what is linked to."""
    parts = [f"{folder} {folder.stat().st_mtime_ns}" for folder in code if folder.is_dir()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _link(target: Path, plugins: Iterable[Path], code: Iterable[Path]) -> Path:
    for name in BrokerCode._fields:
        (target / name).mkdir(parents=True)
    for plugin in plugins:
        (target / "plugins" / plugin.name).symlink_to(plugin)
    modules = [module for folder in dict.fromkeys(code) for module in folder.glob("*.beam")]
    for name, module in {module.name: module for module in reversed(modules)}.items():  # the first of a name counts
        (target / "modules" / name).symlink_to(module)
    return target
