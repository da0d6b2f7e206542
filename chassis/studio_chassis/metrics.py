"""Prometheus metrics every service exposes. Few labels, never a job id."""

from prometheus_client import Counter, Gauge, Histogram

messages = Counter(
    "studio_messages_total", "Messages taken from a queue, by what became of them.", ["queue", "outcome"]
)
handler_seconds = Histogram("studio_handler_seconds", "Time a handler took for one message.", ["queue"])
paused = Gauge("studio_consumer_paused", "1 while a consumer pauses because its provider cannot be used.", ["queue"])
