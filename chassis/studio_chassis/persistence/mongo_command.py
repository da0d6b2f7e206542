"""One command to the database, as an operator types it, and its answer, both in MongoDB's extended JSON."""

from typing import Any

from bson import json_util
from bson.errors import BSONError
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from pymongo.read_preferences import Nearest, Primary

from studio_chassis.errors import ChassisError

ANSWER_MILLISECONDS = 30_000
OF_THE_PROTOCOL = {"$clusterTime", "operationTime", "ok", "electionId", "opTime"}
"""What each answer has and nobody asked for."""
READING = frozenset(
    {"aggregate", "collStats", "count", "currentOp", "dbStats", "distinct", "find", "hello", "listCollections"}
    | {"listIndexes", "ping", "replSetGetConfig", "replSetGetStatus", "serverStatus", "usersInfo"}
)
"""Commands that change nothing."""


class CommandError(ChassisError):
    """A command that is none, or that the database refused or did not answer; the text says why."""


def parsed(text: str) -> dict[str, Any]:
    """The command in extended JSON, its name first. Raises CommandError."""
    try:
        command = json_util.loads(text)
    except (ValueError, TypeError, BSONError) as error:
        raise CommandError(f"no JSON: {error}") from error
    if not isinstance(command, dict) or not command:
        raise CommandError('a command is an object whose first key is its name: {"count": "jobs"}')
    return command


def is_reading(command: dict[str, Any]) -> bool:
    """Whether it certainly changes nothing."""
    writes = any(stage.keys() & {"$out", "$merge"} for stage in command.get("pipeline", ()))
    return next(iter(command)) in READING and not writes


def run_command(url: str, database: str, command: dict[str, Any], *, any_member: bool) -> str:
    """The answer as indented extended JSON. Raises CommandError.

    With `any_member` the nearest member answers, also where there is no primary. Writes wait for a majority.
    """
    if not is_reading(command) and next(iter(command)) in {"delete", "findAndModify", "insert", "update"}:
        command = {**command, "writeConcern": {"w": "majority", "wtimeout": ANSWER_MILLISECONDS}}
    preference = Nearest() if any_member else Primary()
    try:
        with MongoClient[dict[str, Any]](
            url, serverSelectionTimeoutMS=ANSWER_MILLISECONDS, socketTimeoutMS=ANSWER_MILLISECONDS, tz_aware=True
        ) as client:
            answer = client[database].command(command, read_preference=preference)
    except (PyMongoError, BSONError) as error:
        raise CommandError(f"{type(error).__name__}: {error}") from error
    if refused := answer.get("writeErrors"):
        raise CommandError(f"not written: {refused[0].get('errmsg')}")
    shown = {key: value for key, value in answer.items() if key not in OF_THE_PROTOCOL}
    return json_util.dumps(shown, indent=1, json_options=json_util.RELAXED_JSON_OPTIONS)
