"""Traces: one for each job, from the request that made it to its end, across all services and retries.

The job document and every event carry the W3C trace context of the request. What a service does for the job is a span
below it, so rescues and replays hours later join the same trace. Spans are exported by OTLP over HTTP when
OTEL_EXPORTER_OTLP_ENDPOINT is set; without it nothing is recorded and nothing costs.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_CONTEXT = TraceContextTextMapPropagator()
_TRACER = trace.get_tracer("studio")


@contextmanager
def tracing_enabled(service: str, build: str) -> Iterator[None]:
    """Export the process's spans while open, if there is somewhere to send them; the last ones leave at the end."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        yield
        return
    # A tenth of what a service imports, and most run without.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": f"studio-{service}", "service.version": build}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=5)))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()


@contextmanager
def span(
    name: str, traceparent: str = "", kind: SpanKind = SpanKind.INTERNAL, **attributes: str | int
) -> Iterator[Span]:
    """A span below the current one, unless that is of another trace than the given context: then below the context."""
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):  # none is set, so nothing is recorded
        yield trace.INVALID_SPAN
        return
    given = _CONTEXT.extract({"traceparent": traceparent})
    wanted, inside = (trace.get_current_span(one).get_span_context() for one in (given, None))
    parent = given if wanted.is_valid and wanted.trace_id != inside.trace_id else None
    with _TRACER.start_as_current_span(name, parent, kind, attributes) as current:
        yield current


def traceparent_of(current: Span, given: str | None) -> str:
    """The trace context work done later belongs to: the span's, else the caller's, else a new one."""
    carrier: dict[str, str] = {}
    _CONTEXT.inject(carrier, trace.set_span_in_context(current))
    return carrier.get("traceparent") or given or f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
