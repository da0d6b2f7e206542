"""The commands of clients, against the gateway on a real port."""

import json
import logging
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import structlog
from typer.testing import CliRunner, Result

from studio_cli.app import main
from studio_support.same_process import SameProcess
from studio_support.served_gateway import ServedGateway, serving


@pytest.fixture(autouse=True)
def no_log() -> Iterator[None]:
    """The gateway logs in the process of the command here: nothing of it may stand in the command's output."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


class Terminal:
    """The studio command with a settings folder of its own, as if its output went into a pipe."""

    def __init__(self, gateway: ServedGateway, folder: Path) -> None:
        self.gateway = gateway
        self.folder = folder
        self.environment = {
            "STUDIO_CONFIG": str(folder / "config"),
            "STUDIO_GATEWAY_URL": gateway.url,
            "STUDIO_PROFILE": "",
            "LC_ALL": "",
            "LANG": "C.UTF-8",
        }

    def __call__(self, *arguments: str, **changed: str) -> Result:
        return CliRunner(env={**self.environment, **changed}).invoke(main, list(arguments))

    def json(self, *arguments: str) -> Any:
        done = self(*arguments, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def create(self, prompt: str = "ocean energy", count: int = 2) -> str:
        job = self.json("job", "create", prompt, "--count", str(count), "--no-wait")
        return str(job["id"])


@pytest.fixture
def terminal(own_gateway: ServedGateway, tmp_path: Path) -> Terminal:
    return Terminal(own_gateway, tmp_path)


def test_a_job_is_posted_listed_watched_and_saved(terminal: Terminal) -> None:
    first, second = terminal.create("pond"), terminal.create("sea")
    assert [job["id"] for job in terminal.json("job", "list")] == [second, first]
    assert terminal("job", "list", "--limit", "1").stdout.split("\t")[0] == second
    threading.Timer(0.2, terminal.gateway.finish, [first]).start()
    watched = terminal("job", "watch", first)
    assert watched.exit_code == 0
    assert f"job {first}" in watched.stdout
    assert "rank 1" in watched.stdout
    assert watched.stderr.splitlines()[-1] == "completed"
    out = terminal.folder / "saved"
    assert "files in" in terminal("job", "download", first, "--out", str(out)).stdout
    saved = terminal.json("job", "download", first, "--out", str(out))
    assert saved["job"] == first
    assert {Path(file).is_file() for file in saved["files"]} == {True}
    assert (out / "rank-1-sheet.pdf").read_bytes().startswith(b"%PDF")
    assert terminal("job", "list", "--status", "completed").stdout.startswith(first)
    assert terminal("job", "list", "--text", "SEA").stdout.startswith(second)


def test_in_german_a_terminal_says_everything_but_what_programs_read(terminal: Terminal) -> None:
    job = terminal.create("Teich")
    terminal.gateway.finish(job)
    shown = terminal("--language", "de", "job", "show", job)
    assert "fertig, Schritt Rangfolge, 2 Bilder, 10 × 3 m" in shown.stdout
    out = terminal.folder / "gespeichert"
    saved = terminal("--language", "de", "job", "download", job, "--out", str(out))
    assert "Dateien in" in saved.stdout
    page = pypdfium2.PdfDocument((out / "rank-1-sheet.pdf").read_bytes())[0]
    assert "Konzept 1" in page.get_textpage().get_text_range()
    assert terminal("job", "list", LANG="de_DE.UTF-8").stdout.split("\t")[1] == "completed"
    watched = terminal("job", "watch", job, LANG="de_DE.UTF-8")
    assert "Rang 1: " in watched.stdout
    assert watched.stderr.splitlines()[-1] == "fertig"
    nobody = terminal("--language", "de", "login", "http://127.0.0.1:9", "--key", "")
    assert nobody.exit_code == 1
    assert "Unter http://127.0.0.1:9 ist kein Studio" in nobody.stderr


def test_a_job_is_canceled_and_asked_for_again(terminal: Terminal) -> None:
    job = terminal.create("a pond with frogs")
    assert terminal.json("job", "cancel", job)["status"] == "canceled"
    again = terminal.json("job", "retry", job)
    assert again["id"] != job
    assert again["brief"] == {**again["brief"], "prompt": "a pond with frogs", "count": 2, "from": None}
    terminal.gateway.finish(again["id"])
    edited = terminal.json("job", "retry", again["id"])
    assert edited["brief"]["prompt"] == "a pond with frogs"


def test_a_job_is_shown_from_the_gateway_where_no_database_is_named(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MONGODB_URL", raising=False)
    job = terminal.create("a pond", count=1)
    terminal.gateway.finish(job)
    shown = terminal("job", "show", job)
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.splitlines()[:2] == ["a pond", "completed, stage finished, 1 picture, 10 × 3 m, professional"]
    events = [line.split("\t")[1] for line in shown.stdout.splitlines() if "\t" in line]
    assert (events[0], events[-1]) == ("job.created", "job.completed")
    assert "rank 1: 0-0" in shown.stdout
    assert terminal.json("job", "show", job)["id"] == job
    assert terminal("job", "show", "nobody").exit_code == 2


def test_a_profile_is_named_for_one_command(terminal: Terminal) -> None:
    job = terminal.create()
    assert terminal("login", terminal.gateway.url, "--profile", "work", "--key", "").exit_code == 0
    nowhere = "http://127.0.0.1:1"
    assert terminal("--profile", "work", "job", "list", STUDIO_GATEWAY_URL=nowhere).stdout.startswith(job)
    refused = terminal("--profile", "home", "job", "list", STUDIO_GATEWAY_URL=nowhere)
    assert (refused.exit_code, "no profile home" in refused.stderr) == (2, True)


def test_what_is_asked_for_again_stays_in_its_project(terminal: Terminal) -> None:
    job = str(terminal.json("job", "create", "a pond", "--no-wait", "--project", "Parks")["id"])
    assert terminal.json("job", "retry", job)["project"] == "Parks"


def test_exit_codes_distinguish_refused_failed_and_unfinished(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_client.flows.CONNECT_SECONDS", 0.2)
    assert terminal("job", "create", "pond", "--width", "0").exit_code == 2
    assert terminal("job", "watch", "no-such-job").exit_code == 2
    job = terminal.create()
    unfinished = terminal("job", "watch", job, "--timeout", "0.5")
    assert (unfinished.exit_code, f"studio job watch {job}" in unfinished.stderr) == (3, True)
    terminal.gateway.fail(job)
    failed = terminal("job", "watch", job)
    assert (failed.exit_code, "No paint" in failed.stderr, failed.stdout) == (1, True, "")
    nowhere = terminal("job", "list", STUDIO_GATEWAY_URL="http://127.0.0.1:1")
    assert nowhere.exit_code == 1
    assert "http://127.0.0.1:1 cannot be used" in nowhere.stderr


def test_jobs_are_named_sorted_marked_and_deleted(terminal: Terminal) -> None:
    first = str(terminal.json("job", "create", "a pond", "--no-wait", "--count", "2", "--project", "Parks")["id"])
    second = terminal.create("the sea")
    assert terminal("job", "delete", first, "--yes").exit_code == 2, "it is under way"
    terminal.gateway.finish(first)
    noted = terminal("job", "note", first, "--name", "Kita Nord", "--favourite", "0-0")
    assert noted.stdout == "name: Kita Nord\nproject: Parks\nfavourites: 0-0\n"
    assert terminal("job", "note", first).exit_code == 2
    assert terminal("job", "note", first, "--favourite", "7-7").exit_code == 2
    assert terminal("job", "projects").stdout == "1\tParks\n"
    for filters in (("--text", "kita"), ("--project", "Parks"), ("--favourite",)):
        assert [line.split("\t")[0] for line in terminal("job", "list", *filters).stdout.splitlines()] == [first]
    assert terminal.json("job", "delete", first, "--yes") == {"job": first, "deleted": True}
    assert [job["id"] for job in terminal.json("job", "list")] == [second]


def test_a_job_is_shared_by_links_that_hide_what_they_shall(terminal: Terminal) -> None:
    job = terminal.create()
    made = terminal("job", "share", job, "--hide", "cost", "--hide", "brief", "--favourites", "--days", "3")
    assert made.exit_code == 0, made.output
    about, url = made.stdout.splitlines()
    assert url.startswith(f"{terminal.gateway.url}/jobs/{job}#share=tpvl_")
    link = about.split()[1].rstrip(",")
    assert terminal("job", "shares", job).stdout.rstrip("\n").split("\t")[::2] == [
        link,
        "favourites, materials, downloads",
    ]
    assert terminal.json("job", "share", job)["shows"] == ["brief", "materials", "downloads", "cost"]
    assert terminal.json("job", "unshare", job, link) == {"job": job, "id": link, "ended": True}
    assert terminal("job", "shares", job).stdout.split("\t")[1] == "ended"
    wrong = terminal("job", "share", job, "--hide", "price")
    assert (wrong.exit_code, wrong.stdout) == (2, "")


def test_a_concept_is_edited(terminal: Terminal) -> None:
    job = terminal.create()
    terminal.gateway.finish(job)
    bad = terminal("concept", "recolour", job, "0-0", "RH20")
    assert bad.exit_code == 2
    refused = terminal("concept", "recolour", job, "0-0", "RH70:RH20", "--out", str(terminal.folder))
    assert (refused.exit_code, "RH70" in refused.stderr) == (2, True)
    out = str(terminal.folder / "edited")
    started = terminal("concept", "recolour", job, "0-0", "RH20:RH70", "--out", out, "--timeout", "0.5")
    assert started.exit_code == 3
    newest = terminal.json("job", "list")[0]["id"]
    source = terminal.gateway.inner.database.jobs[newest].brief.source
    assert source is not None
    assert source.concept == "0-0"


def test_a_studio_that_was_logged_in_to_needs_no_environment(terminal: Terminal) -> None:
    nothing = {"STUDIO_GATEWAY_URL": "", "STUDIO_API_KEY": ""}
    assert terminal("login", terminal.gateway.url, "--key", "", **nothing).exit_code == 0
    assert terminal("job", "list", **nothing).exit_code == 0
    file = terminal.folder / "config" / "profiles.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert terminal("job", "list", STUDIO_PROFILE="other", **nothing).exit_code == 2
    assert terminal("logout", **nothing).exit_code == 0
    assert terminal("logout", **nothing).exit_code == 2
    assert json.loads(file.read_text()) == {}


def test_a_key_that_is_refused_is_not_kept(tmp_path: Path) -> None:
    with serving(access="keys") as gateway:
        terminal = Terminal(gateway, tmp_path)
        refused = terminal("login", gateway.url, "--key", "tpvs_wrong")
        assert (refused.exit_code, "refuses this key" in refused.stderr) == (2, True)
        assert "tpvs_wrong" not in refused.output
        assert not (tmp_path / "config" / "profiles.json").exists()


def test_the_version_is_printed(terminal: Terminal) -> None:
    assert terminal("--version").stdout.startswith("studio 0.")


def test_an_outline_is_taken_from_a_drawing_or_from_json(terminal: Terminal) -> None:
    object.__setattr__(terminal.gateway.inner.app.state.dependencies, "readers", SameProcess())
    path = '<path d="M0,0 H6 V2 H3 V4 H0 Z"/><circle cx="1.5" cy="2" r=".4"/>'
    drawing, text = terminal.folder / "yard.svg", terminal.folder / "yard.json"
    drawing.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 6 4">{path}</svg>')
    text.write_text(json.dumps({"outer": [[0, 0], [6, 0], [6, 2], [3, 2], [3, 4], [0, 4]]}))
    options = ("job", "create", "frogs", "--no-wait", "--outline")
    refused = terminal(*options, str(drawing))
    assert refused.exit_code != 0
    assert "give unit=mm, cm, m, in or ft" in refused.stderr
    done = terminal(*options, str(drawing), "--outline-unit", "m", "--json")
    assert "outline: 6 × 4 m, 1 hole, 17.50 m² to lay" in done.stderr
    surface = json.loads(done.stdout)["brief"]["surface"]
    assert (surface["width_m"], surface["height_m"], len(surface["outline"]["holes"])) == (6, 4, 1)
    assert len(terminal.json(*options, str(text))["brief"]["surface"]["outline"]["outer"]) == 6
    missing = terminal(*options, str(terminal.folder / "nothing.dxf"))
    assert (missing.exit_code, "cannot be read" in missing.stderr) == (2, True)
