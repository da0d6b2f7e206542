"""Where broker and database come from."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

from studio_local.errors import StackError


class Kind(StrEnum):
    URL = "url"
    DOCKER = "docker"
    NATIVE = "native"


class Choice(NamedTuple):
    kind: Kind
    reason: str

    def __str__(self) -> str:
        return f"Broker and database: {self.kind} ({self.reason})."


def choose(environment: Mapping[str, str], engine_problem: Callable[[], str | None]) -> Choice:
    """The first that serves: given by URL, containers, native servers. STUDIO_STACK forces one. Raises StackError."""
    urls_given = bool(environment.get("RABBITMQ_URL") and environment.get("MONGODB_URL"))
    forced = environment.get("STUDIO_STACK")
    if forced and forced not in set(Kind):
        raise StackError(f"STUDIO_STACK={forced} is unknown: use url, docker or native.")
    if forced == Kind.URL and not urls_given:
        raise StackError("STUDIO_STACK=url needs both RABBITMQ_URL and MONGODB_URL.")
    if forced == Kind.DOCKER and (problem := engine_problem()):
        raise StackError(f"STUDIO_STACK=docker, but {problem}: correct that, or unset STUDIO_STACK.")
    if forced:
        return Choice(Kind(forced), f"STUDIO_STACK={forced}")
    if urls_given:
        return Choice(Kind.URL, "RABBITMQ_URL and MONGODB_URL are set")
    if problem := engine_problem():
        return Choice(Kind.NATIVE, problem)
    return Choice(Kind.DOCKER, "a Docker engine answers")
