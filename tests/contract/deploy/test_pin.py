"""`python deploy/pin.py` writes digests that a registry gives, and names the images whose registry does not answer."""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[3] / "deploy"
OVERLAY = "kubernetes/overlays/production/kustomization.yaml"


def digest_of(image: str) -> str:
    return f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"


@pytest.fixture
def registry() -> Iterator[str]:
    """A stand-in of a registry's API that wants a token, as public ones do; its host and port."""

    class Registry(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            path, _, tag = self.path.removeprefix("/v2/").partition("/manifests/")
            if self.headers["Authorization"] != f"Bearer token-for-{path}":
                self.send_response(401)
                challenge = f'Bearer realm="http://{host}/token",service="registry",scope="repository:{path}:pull"'
                self.send_header("WWW-Authenticate", challenge)
            elif tag == "missing":
                self.send_response(404)
            else:
                assert "oci.image.index" in self.headers["Accept"]
                self.send_response(200)
                self.send_header("Docker-Content-Digest", digest_of(f"{host}/{path}:{tag}"))
            self.end_headers()

        def do_GET(self) -> None:
            scope = self.path.partition("scope=repository%3A")[2].partition("%3Apull")[0].replace("%2F", "/")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"token": "token-for-%s"}' % scope.encode())

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield host
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path, registry: str) -> Path:
    """Our files, with the images of that registry."""
    for name in ("compose.yaml", OVERLAY, "kubernetes/base/rabbitmq.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        text = (DEPLOY / name).read_text().replace("registry.example.com", registry)
        text = text.replace("_IMAGE:-", f"_IMAGE:-{registry}/").replace(
            "image: rabbitmq", f"image: {registry}/rabbitmq"
        )
        (tmp_path / name).write_text(text)
    shutil.copy(DEPLOY / ".env.example", tmp_path / ".env")
    return tmp_path


def pin(folder: Path, default_registry: str = "") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"STUDIO_DEPLOY_FOLDER": str(folder), "NO_PROXY": "*"}
    environment["STUDIO_DEFAULT_REGISTRY"] = default_registry
    command = [sys.executable, str(DEPLOY / "pin.py")]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)


def test_every_image_is_pinned_and_pinning_again_changes_nothing(folder: Path, registry: str) -> None:
    done = pin(folder)
    assert (done.returncode, done.stderr) == (0, "")
    lines = (folder / ".env").read_text().splitlines()
    assert lines[: len(lines) - 7] == (DEPLOY / ".env.example").read_text().rstrip().splitlines()
    assert f"MONGODB_IMAGE={registry}/mongo:8.0@{digest_of(f'{registry}/mongo:8.0')}" in lines
    overlay, broker = (folder / OVERLAY).read_text(), (folder / "kubernetes/base/rabbitmq.yaml").read_text()
    assert overlay.count("digest: sha256:") == overlay.count("newTag: ")
    image = f"{registry}/studio-gateway"
    assert f"newName: {image}, newTag: 0.1.0, digest: {digest_of(f'{image}:0.1.0')} }}" in overlay
    image = f"{registry}/rabbitmq:4.1-management"
    assert f"  image: {image}@{digest_of(image)}\n" in broker
    before = {path: path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert pin(folder).returncode == 0
    assert {path: path.read_text() for path in before} == before


def test_an_image_that_cannot_be_looked_up_is_named_and_left_as_it_is(folder: Path) -> None:
    compose = folder / "compose.yaml"
    compose.write_text(compose.read_text().replace("mongo:8.0", "mongo:missing"))
    done = pin(folder)
    assert done.returncode == 3
    assert "mongo:missing is not pinned: HTTPStatusError" in done.stderr
    assert "docker pull" in done.stderr
    assert "\nMONGODB_IMAGE=" not in (folder / ".env").read_text()
    assert "\nRABBITMQ_IMAGE=" in (folder / ".env").read_text()


def test_an_image_that_names_no_registry_is_looked_up_where_docker_would(folder: Path, registry: str) -> None:
    compose = folder / "compose.yaml"
    compose.write_text(compose.read_text().replace(f"{registry}/mongo:8.0", "mongo:8.0"))
    done = pin(folder)
    assert done.returncode == 3
    assert "mongo:8.0 is not pinned: ValueError: it names no registry; set STUDIO_DEFAULT_REGISTRY" in done.stderr
    assert pin(folder, registry).returncode == 0
    pinned = f"MONGODB_IMAGE=mongo:8.0@{digest_of(f'{registry}/library/mongo:8.0')}"
    assert pinned in (folder / ".env").read_text().splitlines()
