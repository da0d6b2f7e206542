"""Where broker and database come from: the first that serves, or the one that is forced."""

import pytest

from studio_local.backend import Kind, choose
from studio_local.errors import StackError

URLS = {"RABBITMQ_URL": "amqp://broker", "MONGODB_URL": "mongodb://database"}


def engine() -> None:
    return None


def no_engine() -> str:
    return "no Docker engine answers"


def not_asked() -> str:
    raise AssertionError("the engine was asked although it does not matter")


def test_both_urls_win_without_asking_the_engine() -> None:
    assert choose(URLS, not_asked).kind is Kind.URL


@pytest.mark.parametrize("name", list(URLS))
def test_one_url_alone_is_not_enough(name: str) -> None:
    assert choose({name: URLS[name]}, no_engine).kind is Kind.NATIVE


def test_an_engine_that_answers_is_taken_before_native_servers() -> None:
    assert choose({}, engine).kind is Kind.DOCKER


def test_the_reason_for_native_servers_is_said() -> None:
    assert str(choose({}, no_engine)) == "Broker and database: native (no Docker engine answers)."


def test_native_can_be_forced_past_urls_and_engine() -> None:
    assert choose(URLS | {"STUDIO_STACK": "native"}, not_asked).kind is Kind.NATIVE


@pytest.mark.parametrize(
    ("forced", "words"),
    [
        ("url", "RABBITMQ_URL and MONGODB_URL"),
        ("docker", "no Docker engine answers"),
        ("podman", "url, docker or native"),
    ],
)
def test_what_is_forced_but_cannot_be_had_is_refused_with_the_remedy(forced: str, words: str) -> None:
    with pytest.raises(StackError, match=words):
        choose({"STUDIO_STACK": forced}, no_engine)
