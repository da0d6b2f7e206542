"""What an OpenTelemetry collector would be: a receiver of spans by OTLP over HTTP."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Span(NamedTuple):
    service: str
    name: str
    trace_id: str
    job_id: str | None


class Receiver:
    """Takes spans by POST /v1/traces."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.received = b""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received += body
                receiver.take(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def take(self, request: ExportTraceServiceRequest) -> None:
        for resource in request.resource_spans:
            service = next(one.value.string_value for one in resource.resource.attributes if one.key == "service.name")
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                job_id = next((one.value.string_value for one in span.attributes if one.key == "job_id"), None)
                self.spans.append(Span(service, span.name, span.trace_id.hex(), job_id))

    def of_job(self, job_id: str) -> list[Span]:
        """Spans that carry the job id, and all other spans of their traces."""
        spans = list(self.spans)
        traces = {span.trace_id for span in spans if span.job_id == job_id}
        return [span for span in spans if span.trace_id in traces]
