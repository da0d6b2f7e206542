"""One job through the five containers, with broker, database, object store and the provider's stand-in."""

import json
from typing import Any

import httpx
import pytest

from studio_contracts.broker_rights import permissions
from studio_contracts.services import SERVICES
from studio_local.processes import wait_until


def test_a_job_goes_through_the_five_containers(studio: httpx.Client, compose: Any) -> None:
    answer = studio.post("/v1/jobs", json={"prompt": "ocean energy with fish", "count": 6})
    assert answer.status_code == 202, answer.text
    address = f"/v1/jobs/{answer.json()['id']}"
    wait_until(lambda: studio.get(address).json()["status"] in ("completed", "failed"), 300)
    job = studio.get(address).json()
    assert job["status"] == "completed", job
    assert len(job["concepts"]) == 6
    for concept in job["concepts"]:
        for picture in concept["pictures"].values():
            fetched = studio.get(picture["url"], follow_redirects=True)
            assert fetched.status_code == 200
            assert fetched.content.startswith((b"\x89PNG", b"\xff\xd8", b"RIFF"))
    seen = {line["service"] for line in job["timeline"]}
    assert {"gateway", "stencil", "predictor", "postprocess"} <= seen


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("service", SERVICES)
def test_containers_are_healthy_read_only_and_unprivileged(compose: Any, service: str) -> None:
    found = compose.containers(service)
    assert len(found) == (2 if service == "postprocess" else 1)
    for container in found:
        assert container.attrs["State"]["Health"]["Status"] == "healthy"
        host = container.attrs["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert container.exec_run(["python", "-c", "open('/opt/studio/x', 'w')"]).exit_code != 0


@pytest.mark.usefixtures("studio")
def test_no_user_of_the_database_is_root_and_each_service_has_its_own(compose: Any) -> None:
    script = """
import json, os
from pymongo import MongoClient
from pymongo.errors import OperationFailure
users = json.loads(os.environ["STUDIO_USERS"])
name, password = os.environ["MONGO_INITDB_ROOT_USERNAME"], os.environ["MONGO_INITDB_ROOT_PASSWORD"]
admin = MongoClient("127.0.0.1", directConnection=True, username=name, password=password)
for refused in (lambda: admin.studio.jobs.find_one(), lambda: admin.admin.command("usersInfo", 1)):
    try:
        refused()
    except OperationFailure as error:
        assert error.code == 13, error
    else:
        raise AssertionError("admin may still do everything")
foreign = {"studio-stencil": ("api_keys", "sessions", "shares", "audit", "charges"), "studio-gateway": ("audit",)}
for user, pwd in users.items():
    client = MongoClient("127.0.0.1", directConnection=True, username=user, password=pwd, authSource="studio")
    client.studio.jobs.find_one()
    forbidden = [lambda name=name: client.studio[name].find_one() for name in foreign.get(user, ())]
    for refused in (*forbidden, lambda: client.other.jobs.find_one(), lambda: client.studio.command("usersInfo", 1)):
        try:
            refused()
        except OperationFailure as error:
            assert error.code == 13, error
        else:
            raise AssertionError(user)
print(sorted(users))
"""
    (database,) = compose.containers("mongodb")
    if database.exec_run(["test", "-x", "/opt/mongo-admin/bin/python"]).exit_code != 0:
        pytest.skip("the database's image has no Python")
    found = database.exec_run(["/opt/mongo-admin/bin/python", "-c", script])
    assert found.exit_code == 0, found.output.decode()
    assert found.output.decode().strip() == str(sorted(f"studio-{name}" for name in (*SERVICES, "operator")))


@pytest.mark.usefixtures("studio")
def test_the_broker_has_a_user_for_each_service_with_its_rights_and_no_other(compose: Any) -> None:
    (broker,) = compose.containers("rabbitmq")
    found = broker.exec_run(["rabbitmqctl", "-q", "list_permissions", "-p", "/", "--formatter", "json"])
    assert found.exit_code == 0, found.output.decode()
    rights = {one.pop("user"): one for one in json.loads(found.output)}
    operator = rights.pop("studio-operator")
    assert rights == permissions()
    assert set(operator.values()) == {".*"}
    users = broker.exec_run(["rabbitmqctl", "-q", "list_users", "--formatter", "json"]).output
    assert {one["user"] for one in json.loads(users) if not one["tags"]} == {*rights, "studio-operator"}
    assert not [one for one in json.loads(users) if one["tags"]], "nobody administers it over the network"


@pytest.fixture(scope="module")
def stopped(studio: httpx.Client, compose: Any) -> None:
    """All services are ended together, after every other test."""
    compose.run("stop", *SERVICES)


@pytest.mark.usefixtures("stopped")
@pytest.mark.parametrize("service", SERVICES)
def test_sigterm_reaches_the_service_and_ends_it_in_order(compose: Any, service: str) -> None:
    ended = compose.containers(service)
    assert [container.attrs["State"]["ExitCode"] for container in ended] == [0] * (2 if service == "postprocess" else 1)
    assert all(b'"stopped"' in container.logs(tail=3) for container in ended)
