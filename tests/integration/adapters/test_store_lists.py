"""Which jobs every job store lists, in which order, and what it counts of them."""

from datetime import timedelta
from typing import Any

from studio_chassis.persistence.id_range import id_part
from studio_chassis.persistence.listing import Cursor, JobFilter, Order, ProjectCount
from studio_chassis.persistence.store import JobDuration, JobStore, JobVersion
from studio_contracts.brief import Brief
from studio_contracts.callbacks import Callback
from studio_contracts.job import Limits
from studio_contracts.slot import GenerationRequest
from studio_domain.domain_events import CallbackAttempted, CancelRequested, DeletionRequested, RescueRequested
from studio_domain.lifecycle import Transition, accept
from studio_support.stored_jobs import NOW, accepted, changed_by, ids_of, version


async def test_unpublished_events_are_listed_oldest_job_first_and_not_too_early(store: JobStore) -> None:
    for seconds, job_id in ((2, "c"), (0, "a"), (1, "b")):
        await store.insert(accepted(job_id, NOW + timedelta(seconds=seconds)))
    found = await store.unpublished(NOW + timedelta(seconds=2), 10)
    assert [outbox.job_id for outbox in found] == ["a", "b"]
    assert [outbox.job_id for outbox in await store.unpublished(NOW + timedelta(seconds=9), 1)] == ["a"]


async def test_unfinished_jobs_are_listed_by_their_last_change(store: JobStore) -> None:
    for job_id in ("a", "b", "final"):
        await store.insert(accepted(job_id))
    await store.commit(changed_by(await store.load("a"), RescueRequested(), NOW + timedelta(seconds=5)))
    await store.commit(changed_by(await store.load("final"), CancelRequested(), NOW + timedelta(seconds=1)))
    assert await ids_of(store.unfinished(NOW + timedelta(seconds=9))) == ["b", "a"]
    assert await ids_of(store.unfinished(NOW + timedelta(seconds=5))) == ["b"]


async def test_overdue_are_the_unfinished_jobs_past_their_deadline(store: JobStore) -> None:
    for job_id in ("a", "final"):
        await store.insert(accepted(job_id))
    await store.commit(changed_by(await store.load("final"), CancelRequested()))
    assert await ids_of(store.overdue(NOW + timedelta(seconds=599))) == []
    assert await ids_of(store.overdue(NOW + timedelta(seconds=600))) == ["a"]


async def test_calls_to_clients_are_found_by_state_and_by_when_they_are_due(store: JobStore) -> None:
    await store.insert(accepted("silent"))
    for job_id in ("waiting", "given up", "done"):
        called = accept(
            Brief(prompt="waves"),
            job_id=job_id,
            seed=1,
            traceparent="00-1",
            limits=Limits(),
            now=NOW,
            by="test",
            callback=Callback(url="https://client.example/"),
            metadata={"order": "66"},
        )
        await store.insert(called)
        ended = changed_by(called.job, CancelRequested())
        await store.commit(ended)
        if job_id != "waiting":
            error = None if job_id == "done" else "answered 410"
            await store.commit(changed_by(ended.job, CallbackAttempted(ended.job.version, error, is_permanent=True)))
    assert await ids_of(store.with_calls("open")) == await ids_of(store.with_calls("open", NOW + timedelta(seconds=1)))
    assert await ids_of(store.with_calls("open")) == ["waiting"]
    assert await ids_of(store.with_calls("open", NOW)) == []
    assert await ids_of(store.with_calls("failed")) == ["given up"]
    assert (await store.load("waiting")).metadata == {"order": "66"}


async def test_expired_are_the_final_jobs_whose_time_is_over(store: JobStore) -> None:
    for job_id in ("a", "final"):
        await store.insert(accepted(job_id))
    await store.commit(changed_by(await store.load("final"), CancelRequested()))
    assert await ids_of(store.expired(NOW + timedelta(hours=23))) == []
    assert await ids_of(store.expired(NOW + timedelta(hours=24))) == ["final"]


async def test_jobs_with_calls_are_divided_by_ids(store: JobStore) -> None:
    for job_id in ("0a", "f0"):
        called = accept(
            Brief(prompt="waves"),
            job_id=job_id,
            seed=1,
            traceparent="00-1",
            limits=Limits(),
            now=NOW,
            by="test",
            callback=Callback(url="https://client.example/"),
        )
        await store.insert(called)
        await store.commit(changed_by(called.job, CancelRequested()))
    later = NOW + timedelta(seconds=1)
    assert [await ids_of(store.with_calls("open", later, id_part(n, 2))) for n in range(2)] == [["0a"], ["f0"]]


async def test_each_of_these_lists_is_divided_by_ids(store: JobStore) -> None:
    parts = [id_part(number, 3) for number in range(3)]
    ids = ["0a", "55555554", "55555555", "a0", "aaaaaaaa", "ff", "x"]
    for job_id in ids:
        await store.insert(accepted(job_id))
    later = NOW + timedelta(days=2)
    for listed in (store.unfinished, store.overdue):
        assert [sorted(await ids_of(listed(later, part))) for part in parts] == [ids[:2], ids[2:4], ids[4:]]
    outboxes = [await store.unpublished(later, 10, part) for part in parts]
    assert [sorted(one.job_id for one in found) for found in outboxes] == [ids[:2], ids[2:4], ids[4:]]
    for job_id in ids:
        await store.commit(changed_by(await store.load(job_id), CancelRequested()))
    assert [sorted(await ids_of(store.expired(later, part))) for part in parts] == [ids[:2], ids[2:4], ids[4:]]


async def _stored_in_a_row(store: JobStore) -> None:
    """Of five jobs, two were created at the same moment and two were cancelled."""
    for seconds, job_id in ((0, "a"), (1, "c"), (1, "b"), (2, "d"), (3, "e")):
        await store.insert(accepted(job_id, NOW + timedelta(seconds=seconds)))
    for job_id in ("b", "d"):
        assert await store.commit(changed_by(await store.load(job_id), CancelRequested(), NOW + timedelta(seconds=9)))


async def test_recent_jobs_are_listed_newest_first_page_by_page(store: JobStore) -> None:
    await _stored_in_a_row(store)
    pages, after = [], None
    while page := await store.recent(2, after=after):
        pages.append([job.id for job in page])
        after = Cursor(page[-1].created_at, page[-1].id)
    assert pages == [["e", "d"], ["c", "b"], ["a"]]


async def test_recent_jobs_are_filtered_by_status(store: JobStore) -> None:
    await _stored_in_a_row(store)
    assert [job.id for job in await store.recent(9, JobFilter("canceled"))] == ["d", "b"]
    assert [
        job.id for job in await store.recent(9, JobFilter("canceled"), Cursor(NOW + timedelta(seconds=2), "d"))
    ] == ["b"]
    assert [job.id for job in await store.recent(9, JobFilter("pending"), Cursor(NOW + timedelta(seconds=1), "c"))] == [
        "a"
    ]
    assert await store.recent(9, JobFilter("completed")) == ()


async def test_a_list_is_filtered_by_words_kind_and_time(store: JobStore) -> None:
    for number, (prompt, kind) in enumerate((("Frösche im Teich (3)", "painted"), ("A POND with Frogs", "draft"))):
        brief = Brief(prompt=prompt, kind=kind)
        added = accept(
            brief, job_id=f"j{number}", seed=7, traceparent="", limits=Limits(),
            now=NOW + timedelta(seconds=number), by="gateway",
        )  # fmt: skip
        await store.insert(added)

    async def found(**wanted: Any) -> list[str]:
        return [job.id for job in await store.recent(9, JobFilter(**wanted))]

    assert await found(text="frogs pond") == ["j1"]
    assert await found(text="frösche (3)") == ["j0"]
    assert await found(text=".*") == []
    assert await found(kind="draft") == ["j1"]
    assert await found(since=NOW + timedelta(seconds=1)) == ["j1"]
    assert await found(before=NOW + timedelta(seconds=1)) == ["j0"]


async def test_an_owner_s_jobs_are_found_by_name_project_favourite_and_metadata(store: JobStore) -> None:
    pairs: tuple[dict[str, str], ...] = ({"order": "1", "a.b": "$x"}, {"order": "2"}, {})
    for number, metadata in enumerate(pairs):
        await store.insert(
            accept(
                Brief(prompt="waves"), job_id=f"j{number}", seed=7, traceparent="", limits=Limits(), owner="ada",
                now=NOW + timedelta(seconds=number), by="gateway", metadata=metadata,
                name="Kita" if number == 1 else "", project=("Parks", "Schools", "")[number],
            )
        )  # fmt: skip
    await store.insert(accepted("other", NOW, "bea"))
    assert await store.commit(changed_by(await store.load("j2"), CancelRequested()))

    async def found(order: Order = "newest", **wanted: Any) -> list[str]:
        return [job.id for job in await store.recent_of("ada", 9, JobFilter(**wanted), order=order)]

    assert await found("oldest") == ["j0", "j1", "j2"]
    after = Cursor(NOW, "j0")
    assert [job.id for job in await store.recent_of("ada", 1, after=after, order="oldest")] == ["j1"]
    assert await found(text="kita waves") == ["j1"]
    assert (await found(project="Parks"), await found(project="")) == (["j0"], ["j2"])
    assert await found(metadata=(("a.b", "$x"), ("order", "1"))) == ["j0"]
    assert await found(metadata=(("a.b", "1"),)) == []
    assert (await found(has_favourites=True), await found(has_favourites=False)) == ([], ["j2", "j1", "j0"])
    assert await store.count_of("ada", JobFilter("pending")) == {"pending": 2, "canceled": 1}
    assert await store.count_of("ada", JobFilter(project="Parks")) == {"pending": 1}
    newest = [NOW, NOW + timedelta(seconds=1)]
    assert await store.projects_of("ada") == (
        ProjectCount("Parks", 1, newest[0]),
        ProjectCount("Schools", 1, newest[1]),
    )
    assert await store.commit(changed_by(await store.load("j1"), CancelRequested()))
    assert await store.commit(changed_by(await store.load("j1"), DeletionRequested()))
    assert await found() == ["j2", "j0"]
    assert [project.name for project in await store.projects_of("ada")] == ["Parks"]
    assert await store.versions(["j1"]) == {"j1": JobVersion(3, "ada", is_deleted=True)}


async def test_durations_are_of_the_latest_jobs_that_completed(store: JobStore) -> None:
    for number, job_id in enumerate(("a", "b", "c", "d")):
        await store.insert(accepted(job_id, NOW + timedelta(seconds=number)))
    for job_id, seconds in (("a", 5), ("b", 7.5), ("c", 9)):
        job = await store.load(job_id)
        done = job.model_copy(
            update={
                "version": 2, "status": "completed", "finished_at": job.created_at + timedelta(seconds=seconds),
                "generation": GenerationRequest(model="m", version="1", cents_per_picture=1, input={}),
            }
        )  # fmt: skip
        assert await store.commit(Transition(done, ()))
    count = (await store.load("a")).brief.count
    assert await store.recent_durations(2) == (
        JobDuration("painted", "m", count, 9),
        JobDuration("painted", "m", count, 7.5),
    )


async def test_versions_are_given_for_the_jobs_that_exist(store: JobStore) -> None:
    for job_id in ("a", "b", "c"):
        await store.insert(accepted(job_id))
    await store.commit(changed_by(await store.load("b"), RescueRequested()))
    assert await store.versions(["a", "b", "nowhere"]) == {"a": version(1), "b": version(2)}
    assert await store.versions([]) == {}
