"""Prometheus metrics every service exposes. Base units, few labels, never a job id."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

messages = Counter(
    "studio_messages_total",
    "Messages taken, by outcome: done, retried, deferred, paused, unavailable, dead, redelivered or probe.",
    ["queue", "outcome"],
)
handler_seconds = Histogram("studio_handler_seconds", "Time a handler took for a message.", ["queue"], buckets=_SECONDS)
queue_wait_seconds = Histogram(
    "studio_queue_wait_seconds", "From an event's time to its handler's start.", ["queue"], buckets=_SECONDS
)
paused = Gauge(
    "studio_consumer_paused",
    "1 while a consumer pauses: its provider cannot be used, what it brings about would only wait (backlog), an "
    "operator paused it or stopped spending.",
    ["queue", "cause"],
)
in_flight_seconds = Gauge(
    "studio_oldest_in_flight_seconds", "How long the oldest unsettled message has been with its consumer.", ["queue"]
)
published = Counter("studio_published_total", "Events the broker took responsibility for.", ["type"])
relayed = Counter("studio_relayed_total", "Events that the relay published because their service had not.")

transitions = Counter("studio_transitions_total", "Changes committed to jobs, by what happened.", ["event"])
stage_seconds = Histogram(
    "studio_stage_seconds", "Work and provider time, by timeline event.", ["event"], buckets=_SECONDS
)
jobs_ended = Counter(
    "studio_jobs_ended_total",
    "Jobs that ended; where they failed, with the error's code or the cause of most failed slots, and the stage.",
    ["status", "code", "stage"],
)
job_seconds = Histogram(
    "studio_job_seconds",
    "From a job's acceptance to its end.",
    ["kind", "status"],
    buckets=(0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 45, 60, 90, 120, 300, 600, 1800),
)
job_overhead_seconds = Histogram(
    "studio_job_overhead_seconds",
    "Of completed jobs: from acceptance to the end, less the time at the provider of the slot that took longest there.",
    ["kind"],
    buckets=(0.5, 1, 2.5, 5, 10, 20, 30, 45, 60, 120, 300, 600),
)
spent_cents = Counter("studio_spent_cents_total", "Money committed to predictions, in US cents.")
connections_closed = Counter(
    "studio_connections_closed_total", "Connections closed for waiting: without headers in time, or to make room."
)
rate_limited = Counter(
    "studio_rate_limited_total", "Requests answered with 429, by the limit that was reached.", ["limit"]
)
refused_jobs = Counter("studio_refused_jobs_total", "Jobs refused for money, by the budget without room.", ["budget"])
budget_used = Gauge(
    "studio_budget_used_ratio",
    "Share of a day's budget (UTC) that is spent or held: of everybody (`key` is empty), and of each key in use.",
    ["key"],
)
spending_stopped = Gauge("studio_spending_stopped", "1 while an operator has stopped all spending.")
day_cents = Gauge("studio_day_cents", "US cents of the day so far, by state: spent, held, uncertain.", ["state"])
provider_calls = Counter(
    "studio_provider_calls_total", "Calls to the provider, by how they ended.", ["call", "outcome"]
)
unknown_statuses = Counter(
    "studio_unknown_statuses_total", "Reports of a prediction with a status we do not know; it is waited for."
)
webhooks = Counter("studio_webhooks_total", "Webhooks, by what became of them.", ["result"])
callbacks = Counter("studio_callbacks_total", "Calls to clients, by how each attempt ended.", ["result"])
rescued = Counter(
    "studio_rescued_total", "Jobs that stopped moving and were looked after, by what was done.", ["action"]
)
rescued_jobs = Counter("studio_rescued_jobs_total", "Jobs that ended and had to be rescued on the way.")

jobs = Gauge("studio_jobs", "Jobs by status, as last counted by the reconciler.", ["status"])
oldest_seconds = Gauge(
    "studio_oldest_unfinished_seconds",
    "Longest time without progress by status: since the last transition that was no rescue.",
    ["status"],
)
future_jobs = Gauge(
    "studio_future_jobs", "Jobs with a time later than the counting reconciler's clock: some machine's clock is wrong."
)
used_ratio = Gauge(
    "studio_volume_used_ratio",
    "Used share of the volume behind database and object store, where it can be read.",
    ["of"],
)
unreadable = Counter(
    "studio_unreadable_documents_total", "Job documents skipped because this release cannot read them, at each meeting."
)
database_unavailable = Counter(
    "studio_database_unavailable_total", "Operations that the database did not answer, or refused for want of rights."
)
index_problems = Gauge("studio_index_problems", "Indexes that the database refused or has with another definition.")
outbox_seconds = Gauge("studio_outbox_oldest_seconds", "Age of the oldest event committed and not published.")
violations = Gauge(
    "studio_invariant_violations", "Recent jobs that break an invariant, as last checked.", ["invariant"]
)
loop_lag_seconds = Gauge("studio_event_loop_lag_seconds", "How late the event loop ran its last timer.")
