"""Pin images by digest, as their registries name them today: `python deploy/pin.py`.

Writes `NAME_IMAGE=image:tag@sha256:…` for each image of others in compose.yaml into deploy/.env, and the digests of
ours and of the broker into the manifests. Tags stay beside digests: run it again after a change of a tag.

STUDIO_DEFAULT_REGISTRY is the registry of images that name none: the one that Docker asks.

Exit status: 0 every image is pinned, 3 some registry did not answer; those images are named and left as they are.
"""

import os
import re
import sys
from pathlib import Path

import httpx

DEPLOY = Path(os.environ.get("STUDIO_DEPLOY_FOLDER", Path(__file__).parent))
COMPOSE, ENVIRONMENT = DEPLOY / "compose.yaml", DEPLOY / ".env"
MANIFESTS = (DEPLOY / "kubernetes/overlays/production/kustomization.yaml", DEPLOY / "kubernetes/base/rabbitmq.yaml")
DEFAULT_REGISTRY = os.environ.get("STUDIO_DEFAULT_REGISTRY", "")
PINNED, NOT_REACHED = 0, 3
ACCEPT = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in ("oci.image.index.v1", "docker.distribution.manifest.list.v2", "oci.image.manifest.v1",
                 "docker.distribution.manifest.v2")
)  # fmt: skip
IN_COMPOSE = re.compile(r"\$\{([A-Z]+_IMAGE):-([^}@]+)\}")
IN_OVERLAY = re.compile(r"newName: (?P<name>[^,\s]+), newTag: (?P<tag>[^,\s}]+)(, digest: sha256:\w+)?")
IN_MANIFEST = re.compile(r"(?<= image: )(?P<name>[^\s@]+):(?P<tag>[\w.-]+)(@sha256:\w+)?")


class Digests:
    """Looks digests up, each once; what could not be had is kept with the reason."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._known: dict[str, str | None] = {}
        self.missing: dict[str, str] = {}

    def of(self, image: str) -> str | None:
        """The digest of `name:tag`, None when its registry does not give it."""
        if image not in self._known:
            try:
                self._known[image] = self._ask(image)
            except (httpx.HTTPError, KeyError, ValueError) as error:
                self.missing[image] = f"{type(error).__name__}: {error}"
                self._known[image] = None
        return self._known[image]

    def _ask(self, image: str) -> str:
        name, _, tag = image.rpartition(":")
        host, _, path = name.partition("/")
        if not path or not re.search(r"[.:]|^localhost$", host):  # as Docker reads a name without a registry
            host, path = DEFAULT_REGISTRY, name if "/" in name else f"library/{name}"
            if not host:
                raise ValueError("it names no registry; set STUDIO_DEFAULT_REGISTRY to the one that Docker asks")
        scheme = "http" if re.match(r"(localhost|127\.0\.0\.1)(:|$)", host) else "https"
        url, headers = f"{scheme}://{host}/v2/{path}/manifests/{tag}", {"Accept": ACCEPT}
        answer = self._http.head(url, headers=headers)
        if answer.status_code == httpx.codes.UNAUTHORIZED:  # a token for reading, which public images give to everybody
            challenge = dict(re.findall(r'(\w+)="([^"]*)"', answer.headers["www-authenticate"]))
            wanted = {key: challenge[key] for key in ("service", "scope") if key in challenge}
            given = self._http.get(challenge["realm"], params=wanted).raise_for_status().json()
            headers["Authorization"] = f"Bearer {given.get('token') or given['access_token']}"
            answer = self._http.head(url, headers=headers)
        digest = answer.raise_for_status().headers["docker-content-digest"]
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
            raise ValueError(f"no digest: {digest[:80]}")
        return str(digest)


def main() -> int:
    """Pin what can be pinned, and say what cannot."""
    with httpx.Client(follow_redirects=True, timeout=20) as http:
        digests = Digests(http)
        _pin_compose(digests)
        for file in MANIFESTS:
            text = IN_OVERLAY.sub(lambda found: _pinned(found, digests, ", digest: "), file.read_text())
            file.write_text(IN_MANIFEST.sub(lambda found: _pinned(found, digests, "@"), text))
    for image, reason in digests.missing.items():
        sys.stderr.write(f"{image} is not pinned: {reason}\n")
    if digests.missing:
        sys.stderr.write(
            "Push images of yours first. Elsewhere `docker pull` prints the digest to write there by hand.\n"
        )
    return NOT_REACHED if digests.missing else PINNED


def _pinned(found: re.Match[str], digests: Digests, mark: str) -> str:
    digest = digests.of(f"{found['name']}:{found['tag']}")
    return found.group() if digest is None else f"{found.group().partition(mark)[0]}{mark}{digest}"


def _pin_compose(digests: Digests) -> None:
    text = ENVIRONMENT.read_text() if ENVIRONMENT.exists() else ""
    for variable, image in dict(IN_COMPOSE.findall(COMPOSE.read_text())).items():
        if (digest := digests.of(image)) is not None:
            text = re.sub(rf"^{variable}=.*\n?", "", text, flags=re.MULTILINE)
            text = f"{text.rstrip()}\n{variable}={image}@{digest}\n".lstrip()
    if text:
        ENVIRONMENT.write_text(text)


if __name__ == "__main__":
    sys.exit(main())
