"""A backup holds everything as it was at one moment; a damaged one, or one over documents, changes nothing."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bson
import pytest
from pymongo import MongoClient

from studio_chassis.persistence.mongo_backup import BackupError, read_backup, write_backup
from studio_local.infrastructure import Infrastructure

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
JOBS = 1203  # more than two batches


@pytest.fixture
def filled(infrastructure: Infrastructure) -> Any:
    """A database with jobs and a control, and its URL and name."""
    with infrastructure.isolated() as endpoints, MongoClient[dict[str, Any]](endpoints.mongodb_url) as client:
        database = client[endpoints.database]
        database["jobs"].insert_many(
            [{"_id": f"j{number}", "at": NOW, "cents": bson.Int64(3)} for number in range(JOBS)]
        )
        database["controls"].insert_one({"_id": "spending", "stopped": False})
        yield endpoints, database


def everything(database: Any) -> dict[str, list[Any]]:
    return {name: list(database[name].find(sort=[("_id", 1)])) for name in sorted(database.list_collection_names())}


def test_what_is_put_back_is_what_was_there(filled: Any, tmp_path: Path) -> None:
    endpoints, database = filled
    before, file = everything(database), tmp_path / "studio.bson.gz"
    assert write_backup(endpoints.mongodb_url, endpoints.database, file, NOW) == {"controls": 1, "jobs": JOBS}
    assert list(tmp_path.iterdir()) == [file]
    database["jobs"].insert_one({"_id": "later"})
    with pytest.raises(BackupError, match="holds controls, jobs: --replace"):
        read_backup(endpoints.mongodb_url, endpoints.database, file, replace=False)
    assert read_backup(endpoints.mongodb_url, endpoints.database, file, replace=True)["jobs"] == JOBS
    assert everything(database) == before
    database.client.drop_database(endpoints.database)
    read_backup(endpoints.mongodb_url, endpoints.database, file, replace=False)
    assert everything(database) == before


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-40], lambda _: b"", lambda _: b"no backup"], ids=["cut off", "empty", "another"]
)
def test_a_damaged_file_removes_nothing(filled: Any, tmp_path: Path, damage: Any) -> None:
    endpoints, database = filled
    before, file = everything(database), tmp_path / "studio.bson.gz"
    write_backup(endpoints.mongodb_url, endpoints.database, file, NOW)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(BackupError):
        read_backup(endpoints.mongodb_url, endpoints.database, file, replace=True)
    assert everything(database) == before


def test_a_database_that_is_away_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(BackupError):
        write_backup("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100", "studio", tmp_path / "b", NOW)
    assert list(tmp_path.iterdir()) == []
