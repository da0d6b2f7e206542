"""What the database does not answer is one kind of error, and is counted for the alert."""

import pytest
from prometheus_client import REGISTRY
from pymongo.errors import AutoReconnect, DuplicateKeyError, OperationFailure, PyMongoError

from studio_chassis.errors import Unavailable
from studio_chassis.persistence.mongo_outages import outages_as_unavailable


def counted() -> float:
    return REGISTRY.get_sample_value("studio_database_unavailable_total") or 0.0


@pytest.mark.parametrize("error", [AutoReconnect("away"), OperationFailure("wrong password", 18)])
def test_an_outage_is_unavailable_and_counted(error: PyMongoError) -> None:
    before = counted()
    with pytest.raises(Unavailable, match="database: "), outages_as_unavailable():
        raise error
    assert counted() == before + 1


def test_an_answer_that_is_an_error_is_neither() -> None:
    before = counted()
    with pytest.raises(DuplicateKeyError), outages_as_unavailable():
        raise DuplicateKeyError("there already")
    assert counted() == before
