"""Who may do what on the broker follows from the topology."""

import re
import shlex

from typer.testing import CliRunner

from studio_cli.app import main
from studio_contracts import topology
from studio_contracts.broker_rights import DEFAULT_EXCHANGE, KEEPER, permissions, rights_of
from studio_contracts.services import SERVICES
from studio_contracts.topology import QUEUES

SHARED = [topology.EXCHANGE, *(topology.retry_exchange(delay) for delay in topology.RETRY_DELAYS)]


def _parts(queue: topology.Queue) -> set[str]:
    return {queue.name, *queue.parts(2), *queue.parts(topology.MOST_PARTITIONS)}


def _matching(pattern: str) -> set[str]:
    names = [*SHARED, DEFAULT_EXCHANGE, "amq.topic", "elsewhere", "studioXevents"]
    names += [name for queue in QUEUES for name in (*_parts(queue), queue.dead_letter_queue)]
    names += [f"{queue.name}{end}" for queue in QUEUES for end in (".", ".1.2", ".x", "1")]
    return {name for name in names if re.search(pattern, name)}


def test_each_queue_is_read_and_changed_by_its_service_alone() -> None:
    for queue in QUEUES:
        readers = {name for name, has in SERVICES.items() if _parts(queue) & _matching(rights_of(has).read)}
        owners = {name for name, has in SERVICES.items() if _parts(queue) <= _matching(rights_of(has).configure)}
        assert readers == owners == {queue.name.partition(".")[0]}


def test_nothing_but_a_number_makes_a_name_that_of_a_partition() -> None:
    real = {name for queue in QUEUES for name in (*_parts(queue), queue.dead_letter_queue)}
    allowed = {name for has in SERVICES.values() for name in _matching(rights_of(has).configure)}
    assert allowed == real | set(SHARED)


def test_dead_letters_are_read_by_the_keeper_and_what_all_share_is_changed_by_it() -> None:
    for queue in QUEUES:
        readers = [one for one, has in SERVICES.items() if queue.dead_letter_queue in _matching(rights_of(has).read)]
        assert readers == [KEEPER]
    for name in SHARED:
        assert [one for one, has in SERVICES.items() if name in _matching(rights_of(has).configure)] == [KEEPER]


def test_the_gateway_publishes_and_nothing_else() -> None:
    rights = rights_of(SERVICES["gateway"])
    assert [_matching(one) for one in (rights.configure, rights.write, rights.read)] == [
        set(),
        {topology.EXCHANGE},
        set(),
    ]


def test_the_commands_set_just_these_rights_with_a_new_password_each() -> None:
    runs = [CliRunner().invoke(main, ["broker-users", "--vhost", "a b"]) for _ in range(2)]
    assert [run.exit_code for run in runs] == [0, 0]
    lines = [shlex.split(line) for line in runs[0].output.splitlines() if not line.startswith("#")]
    added = {line[2]: line[3] for line in lines if line[1] == "add_user"}
    allowed = {line[4]: line[5:] for line in lines if line[1] == "set_permissions"}
    assert {line[3] for line in lines if line[1] == "set_permissions"} == {"a b"}
    assert allowed == {user: list(rights.values()) for user, rights in permissions().items()}
    assert set(added) == set(allowed)
    assert len(set(added.values())) == len(added)
    assert not [password for password in added.values() if password in runs[1].output]


def test_with_a_file_of_the_authority_the_urls_have_tls() -> None:
    run = CliRunner().invoke(main, ["broker-users", "--host", "rabbitmq:5671", "--ca-file", "/a b/ca.crt"])
    urls = [line.partition("RABBITMQ_URL=")[2] for line in run.output.splitlines() if line.startswith("#")]
    assert len(urls) == len(permissions())
    for url in urls:
        assert url.startswith("amqps://")
        assert url.endswith("@rabbitmq:5671/?cafile=/a%20b/ca.crt")
