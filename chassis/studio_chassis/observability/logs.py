"""Structured logs: one line per event, JSON in containers, with service, job id and trace id; secrets never appear."""

import logging
import re
import sys
from typing import Literal

import structlog
from structlog.typing import EventDict, WrappedLogger

SECRET_WORDS = ("token", "secret", "password", "authorization", "signing_key")
MAX_CAUSE_CHARS = 200
_SECRETS_IN_TEXT = (
    re.compile(r"(token=|Bearer |whsec_)[^\s&\"'@]+"),
    re.compile(r"(://[^:/@\s]*:)[^\s\"']+(?=@)"),
    re.compile(r"(/webhooks/replicate/)[^/\s]+(?=/[^/\s]+/\d+/\d)"),
)
"""An API token, a signing key, the password of a URL; a webhook's token in the query (until 0.1) and in the path."""


def redacted(text: str) -> str:
    """The text without the secrets that it may hold."""
    for secret in _SECRETS_IN_TEXT:
        text = secret.sub(r"\1[redacted]", text)
    return text


def cause_of(error: BaseException) -> str:
    """An error's kind and the beginning of what it says, on one line and without secrets: full, read-only, refused."""
    paragraph = str(error).strip().split("\n\n")[0]
    text = " ".join(redacted(paragraph).split())[:MAX_CAUSE_CHARS]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if any(word in key.lower() for word in SECRET_WORDS):
            event[key] = "[redacted]"
        elif isinstance(value, str):
            event[key] = redacted(value)
    return event


def configure_logs(service: str, log_format: Literal["json", "console"], level: str) -> None:
    """Log to standard output; the standard library's loggers (aio-pika, uvicorn) go the same way from warning on."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer()
    )
    rendering: list[structlog.typing.Processor] = [structlog.processors.format_exc_info, _redact, renderer]
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for chatty in ("aio_pika", "aiormq"):  # two lines a second while the broker is away; our broker logs it once
        logging.getLogger(chatty).setLevel(logging.CRITICAL)


def trace_id(traceparent: str) -> str:
    """The trace id inside a W3C traceparent, or "" when there is none."""
    parts = traceparent.split("-")
    return parts[1] if len(parts) == 4 else ""
