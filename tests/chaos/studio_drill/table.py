"""The faults that are staged, one row each, and the pages that none of them leads to."""

from studio_drill import staging
from studio_drill.faults import Act, Fault

POST_AGAIN = "studio job retry --where code=download_failed,since=2h"
STOP = 'studio spend stop "the model fails"'
JOBS_FAIL = ("StudioJobsFail",)
RESCUED = {"STUDIO_STUCK_AFTER": "10"}


def _jobs_fail(name: str, says: str, code: str, **faults: object) -> Fault:
    """The provider makes every job fail for this cause."""
    return Fault(
        name,
        says,
        staging.provider(**faults),
        "jobs-fail",
        (STOP, staging.RECOVERED, "studio spend resume", POST_AGAIN),
        alerts=JOBS_FAIL,
        doctor=rf"jobs: .*most jobs fail: .*{code}",
        words={"download_failed": code},
        jobs_fail=True,
    )


FAULTS: tuple[Fault, ...] = (
    _jobs_fail(
        "every-prediction-fails",
        "the model is out of memory",
        "prediction_failed",
        prediction={"outcome": "failed", "failure": "cuda"},
    ),
    _jobs_fail("every-file-missing", "the file host answers 404", "download_failed", files={"kind": "missing"}),
    _jobs_fail("every-request-refused", "the provider answers 422", "prediction_refused", create={"status": 422}),
    _jobs_fail("no-pictures", "predictions succeed without pictures", "no_output", prediction={"output": "empty_list"}),
    _jobs_fail(
        "files-are-no-pictures", "the file host sends a web page", "not_a_picture", files={"kind": "not_an_image"}
    ),
    Fault(
        "out-of-credit",
        "the provider answers 402",
        staging.provider(create={"status": 402}),
        "provider-out-of-credit",
        (staging.RECOVERED, "kubectl -n studio rollout restart deployment/predictor"),
        alerts=("StudioConsumerPaused",),
        doctor=r"services: .*402",
    ),
    Fault(
        "token-refused",
        "the provider answers 401",
        staging.provider(create={"status": 401}, read={"status": 401}),
        "provider-out-of-credit",
        (
            Act("a valid token is put in", staging.provider()),
            "kubectl -n studio rollout restart deployment/predictor",
        ),
        alerts=("StudioConsumerPaused",),
        doctor=r"provider: REPLICATE_API_TOKEN is refused",
    ),
    Fault(
        "provider-down",
        "the provider answers 503",
        staging.provider(create={"status": 503}, read={"status": 503}),
        "provider-down",
        (staging.RECOVERED, "studio doctor"),
        alerts=("StudioProviderErrors", "StudioConsumerPaused"),
        doctor=r"provider: REPLICATE_API_BASE does not answer",
    ),
    Fault(
        "store-full",
        "the object store's volume is full",
        staging.fill_the_store,
        "volume-full",
        (
            """kubectl -n studio patch pvc VOLUME -p '{"spec": {"resources": {"requests": {"storage": "200Gi"}}}}'""",
            "studio job retry --where code=timed_out,since=2h --dry-run",
        ),
        alerts=("StudioVolumeFull", "StudioVolumeFilling"),
        doctor=r"object store: .*(No space left|full)",
        needs=("root",),
        volume_megabytes=8,
    ),
    Fault(
        "unknown-event",
        "an event of a version that nobody knows arrives",
        staging.forge_an_event,
        "dead-letters",
        ("studio dlq discard --queue QUEUE --error 'TEXT' --keep letters.jsonl",),
        alerts=("StudioDeadLettersGrowing",),
        words={"QUEUE": "stencil.job-created", "TEXT": "v9", "letters.jsonl": "/dev/stdout"},
        needs=("prometheus",),
    ),
    Fault(
        "clock-ahead",
        "the stencil service's clock is ten minutes ahead",
        staging.on_a_machine_ahead,
        "clocks-differ",
        ("kubectl -n studio delete pod POD", "studio job nudge --where status=running"),
        alerts=("StudioFutureJobs",),
        doctor=r"clocks: .*stencil \+",
        words={"POD": "stencil-0"},
        settings=RESCUED,
        needs=("faketime",),
    ),
    Fault(
        "half-a-rotation",
        "the gateway alone knows the new webhook secret",
        staging.half_a_rotation,
        "rotate-secrets",
        (
            "kubectl -n studio rollout restart deployment/predictor"
            " && kubectl -n studio rollout status deployment/predictor",
        ),
        alerts=("StudioWebhooksRefused",),
        settings=RESCUED,
        needs=("prometheus",),
    ),
    Fault(
        "no-webhook-arrives",
        "PUBLIC_BASE_URL leads to where nobody listens",
        staging.wrong_address,
        "webhooks-cannot-reach-us",
        (
            "kubectl -n studio patch configmap studio-settings --type=json -p "
            """'[{"op": "remove", "path": "/data/PUBLIC_BASE_URL"}]'""",
            "kubectl -n studio rollout restart deployment/predictor deployment/reconciler",
            "kubectl -n studio rollout status deployment/reconciler",
        ),
        alerts=("StudioNoWebhooks",),
        doctor=r"public address: PUBLIC_BASE_URL cannot be reached",
        settings=RESCUED,
    ),
    Fault(
        "broker-down",
        "the broker is killed",
        staging.kill("broker"),
        "broker-full-or-partitioned",
        ("kubectl -n studio delete pod rabbitmq-server-NUMBER",),
        alerts=("StudioBrokerNodeDown", "StudioOutboxOld"),
        doctor=r"broker: ",
        words={"NUMBER": "0"},
    ),
    Fault(
        "broker-memory",
        "the broker is above its limit of memory and blocks publishers",
        lambda ground: ground.command("rabbitmqctl -q set_vm_memory_high_watermark 0.00001"),
        "broker-full-or-partitioned",
        ("rabbitmqctl set_vm_memory_high_watermark 0.4",),
        alerts=("StudioBrokerAlarm",),
        doctor=r"broker: publishing is not confirmed",
    ),
    Fault(
        "broker-disk",
        "the broker has less disk than it wants and blocks publishers",
        staging.disk_limit("1000GB"),
        "broker-full-or-partitioned",
        ("studio dlq list", Act("the disk is enlarged", staging.disk_limit("50MB"))),
        alerts=("StudioBrokerAlarm", "StudioBrokerDiskLow"),
        doctor=r"broker: publishing is not confirmed",
    ),
    Fault(
        "partition",
        "nothing passes between the services and the broker, and connections stand",
        lambda ground: ground.broker_line.hold(),
        "broker-full-or-partitioned",
        (Act("the network is mended", lambda ground: ground.broker_line.release()),),
        alerts=("StudioOutboxOld",),
        doctor=r"broker: (no answer|RABBITMQ_URL)",
    ),
    Fault(
        "expired-certificate",
        "the broker's certificate expires",
        lambda ground: ground.broker_line.show(ground.expired),
        "broker-full-or-partitioned",
        (Act("the broker has a new certificate", lambda ground: ground.broker_line.show(ground.valid)),),
        alerts=("StudioOutboxOld",),
        doctor=r"broker: RABBITMQ_URL: .*certificate",
        tls=True,
    ),
    Fault(
        "wrong-broker-password",
        "the broker's password in the secret is wrong",
        staging.wrong_broker_password,
        "rotate-secrets",
        (
            Act("the secret is corrected", staging.right_broker_password),
            "kubectl -n studio rollout restart deployment/stencil",
            "studio doctor",
        ),
        alerts=("StudioServiceDown", "StudioNoProgress"),
        doctor=r"broker: RABBITMQ_URL: .*(ACCESS_REFUSED|refused)",
    ),
    Fault(
        "database-down",
        "the only member of the replica set is killed",
        staging.kill("database"),
        "database-failover",
        (Act("the member is brought back", staging.start("database")),),
        alerts=("StudioDependencyUnavailable",),
        doctor=r"database: MONGODB_URL",
    ),
    Fault(
        "step-down",
        "the primary steps down and no member can be elected for a minute",
        staging.step_down,
        "database-failover",
        (Act("nobody does anything: an election ends by itself", lambda _: None),),
        alerts=("StudioDependencyUnavailable",),
        doctor=r"database: MONGODB_URL",
        needs=("mongosh",),
    ),
    Fault(
        "slow-database",
        "each answer of the database takes 1.5 s longer",
        staging.delay_database(1.5),
        "database-failover",
        (Act("the database is as fast as before", staging.delay_database(0)),),
        alerts=("StudioDependencyUnavailable", "StudioJobsLate"),
        doctor=r"database: (no answer|MONGODB_URL)",
    ),
    Fault(
        "bad-release",
        "a release of postprocess ends at its start",
        staging.bad_release,
        "roll-back",
        ("kubectl -n studio rollout undo deployment/SERVICE",),
        alerts=("StudioServiceDown", "StudioCrashLoop"),
        doctor=r"no consumer for postprocess|services: .*does not answer",
        words={"SERVICE": "postprocess"},
    ),
    Fault(
        "stencil-hangs",
        "the stencil service is there and does nothing",
        staging.stop_answering("stencil"),
        "stuck-work",
        ("kubectl -n studio rollout restart deployment/SERVICE",),
        alerts=("StudioNoProgress", "StudioServiceDown"),
        doctor=r"services: .*does not answer",
        words={"SERVICE": "stencil"},
    ),
    Fault(
        "reconciler-hangs",
        "the reconciler is there and does nothing",
        staging.stop_answering("reconciler"),
        "reconciler-silent",
        ("kubectl -n studio rollout restart deployment/reconciler",),
        alerts=("StudioReconcilerSilent",),
        doctor=r"services: .*does not answer",
    ),
    Fault(
        "binding-gone",
        "somebody takes a binding of the broker away",
        staging.unbind,
        "stuck-work",
        ("kubectl -n studio rollout restart deployment/SERVICE", "studio job nudge --where status=running --dry-run"),
        alerts=("StudioOutboxOld",),
        doctor=r"broker: missing: ",
        words={"SERVICE": "stencil"},
    ),
    Fault(
        "index-gone",
        "somebody drops an index",
        staging.drop_an_index,
        "stuck-work",
        ("kubectl -n studio rollout restart deployment/SERVICE",),
        alerts=("StudioIndexProblem",),
        doctor=r"database: index ",
        words={"SERVICE": "gateway"},
    ),
    Fault(
        "written-by-hand",
        "a job holds a field that no release knows",
        staging.write_by_hand,
        "roll-back",
        (
            """mongosh "$MONGODB_URL" --eval 'db.getSiblingDB(process.env.STUDIO_DATABASE).jobs."""
            """updateOne({_id: "JOB"}, {$unset: {FIELD: 1}})'""",
        ),
        alerts=("StudioUnreadableDocuments",),
        doctor=r"database: job .* cannot be read",
        words={"FIELD": staging.FIELD},
        settings=RESCUED,
        needs=("mongosh",),
    ),
    Fault(
        "runaway-client",
        "a client posts jobs until the day's budget is used",
        staging.spend_all,
        "spending",
        ('studio spend stop "the reason that clients read"', "studio spend limit 10000", "studio spend resume"),
        alerts=("StudioBudgetUsed",),
        settings={"STUDIO_DAY_CENTS": "600"},
        needs=("prometheus",),
    ),
    Fault(
        "spending-stopped",
        "an operator stopped spending and forgot it",
        lambda ground: ground.command('studio spend stop "a drill"'),
        "spending",
        ("studio spend resume",),
        alerts=("StudioSpendingStopped",),
        doctor=r"jobs: .*an operator stopped spending",
    ),
)

QUICK = ("every-file-missing", "out-of-credit", "broker-memory", "bad-release", "unknown-event")
"""A few that together touch provider, broker, a release and a dead letter."""

NOT_STAGED = {
    "callbacks-fail": "a call is given up after a day",
    "deploy": "no fault leads there; tests/chaos/test_drain.py replaces services under load",
    "invariant-violated": "a breach would be a bug; the page's own commands are in 'Carried out'",
    "restore-after-data-loss": "it wipes what the other faults need",
    "upgrade-event-versions": "no fault leads there; tests/unit/chassis/test_mixed_releases.py holds its rules",
}
"""Runbooks that no row leads to, and why."""
