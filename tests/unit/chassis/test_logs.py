"""Logs are one JSON object a line, from every library, and never contain a secret."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from studio_chassis.observability.logs import cause_of, configure_logs, trace_id

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(autouse=True)
def output(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a service writes to standard output; afterwards logs go where they went before."""
    root, written = logging.getLogger(), io.StringIO()
    others, level = root.handlers[:], root.level
    monkeypatch.setattr("sys.stdout", written)
    root.handlers.clear()  # else they are closed, and they are pytest's
    configure_logs("gateway", "json", "info")
    ours = root.handlers[:]
    root.handlers.extend(others)
    yield written
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.setLevel(level)
    for handler in ours:
        root.removeHandler(handler)


def _lines(output: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_a_line_says_what_when_how_bad_and_where(output: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(job_id="j", trace_id="t"):
        structlog.get_logger().info("two\nlines", count=2)
    (line,) = _lines(output)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "two\nlines",
        "level": "info",
        "service": "gateway",
        "job_id": "j",
        "trace_id": "t",
        "count": 2,
    }


def test_an_error_keeps_its_traceback_on_the_same_line(output: io.StringIO) -> None:
    try:
        raise ValueError("boom")
    except ValueError as error:
        structlog.get_logger().warning("failed", exc_info=error)
    (line,) = _lines(output)
    assert "ValueError: boom" in line["exception"]


@pytest.mark.parametrize(
    "name", ["token", "api_token", "Authorization", "webhook_secret", "password", "REPLICATE_WEBHOOK_SIGNING_KEY"]
)
def test_what_is_named_like_a_secret_is_not_logged(name: str, output: io.StringIO) -> None:
    structlog.get_logger().info("calling", **{name: "r8_hunter2", "slot": 1})
    (line,) = _lines(output)
    assert (line[name], line["slot"]) == ("[redacted]", 1)


def test_what_is_below_the_level_is_not_written(output: io.StringIO) -> None:
    structlog.get_logger().debug("details")
    logging.getLogger("httpx").info("HTTP Request: POST https://host/v1/webhooks?token=hunter2")
    assert _lines(output) == []


def test_libraries_write_the_same_kind_of_line(output: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("port %d is slow", 8080)
    (line,) = _lines(output)
    assert (line["event"], line["level"], line["service"]) == ("port 8080 is slow", "warning", "gateway")


@pytest.mark.parametrize(
    ("traceparent", "expected"),
    [(TRACEPARENT, "0af7651916cd43dd8448eb211c80319c"), ("", ""), ("00-abc", ""), ("no trace", "")],
)
def test_the_trace_id_is_read_from_the_trace_context(traceparent: str, expected: str) -> None:
    assert trace_id(traceparent) == expected


@pytest.mark.parametrize(
    "text",
    [
        "POST https://host/v1/webhooks/replicate/j/0/1?token=hunter2",
        "POST https://host/v1/webhooks/replicate/hunter2/j/0/1",
        "Authorization: Bearer hunter2",
        "key whsec_hunter2 is wrong",
        "amqp://studio:hunter2@broker:5672/",
    ],
)
def test_a_secret_inside_a_text_or_a_traceback_is_not_logged(text: str, output: io.StringIO) -> None:
    try:
        raise ValueError(text)
    except ValueError as error:
        structlog.get_logger().warning(text, exc_info=error)
    assert "hunter2" not in output.getvalue()
    assert "[redacted]" in output.getvalue()


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OSError(28, "No space left on device"), "OSError: [Errno 28] No space left on device"),
        (OSError(30, "Read-only file system"), "OSError: [Errno 30] Read-only file system"),
        (
            ValueError("amqp://studio:hunter2@broker:5672/ refused"),
            "ValueError: amqp://studio:[redacted]@broker:5672/ refused",
        ),
        (ValueError("http://10.0.0.1:9000/bucket: timed out"), "ValueError: http://10.0.0.1:9000/bucket: timed out"),
        (ValueError("first\nline\n\nDebug source: Generic { … }"), "ValueError: first line"),
        (TimeoutError(), "TimeoutError"),
        (ValueError("x" * 500), "ValueError: " + "x" * 200),
    ],
)
def test_a_cause_is_one_line_of_bounded_length_without_secrets(error: Exception, cause: str) -> None:
    assert cause_of(error) == cause
