"""A copy of the database in one file, as it was at one moment, and the way back. For the sizes of a studio: gigabytes.

A file holds BSON documents, compressed: a head, then each document with the name of its collection. Indexes are not in
it; the services make them when they start. The database keeps the state of one moment for five minutes by default
(`minSnapshotHistoryWindowInSeconds`): a copy that takes longer fails and says so.
"""

import gzip
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby, islice
from pathlib import Path
from typing import Any, BinaryIO, cast

import bson
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from studio_chassis.errors import ChassisError

FORMAT = "tpv-studio-backup/1"
BATCH = 500
ANSWER_MILLISECONDS = 10_000
BATCH_MILLISECONDS = 60_000
"""The longest wait for a batch of documents to be read or written."""


class BackupError(ChassisError):
    """A backup that cannot be made, read or put back; the text says why."""


def write_backup(url: str, database: str, file: Path, now: datetime) -> Counter[str]:
    """Copy every document into the file, all as of one moment. Returns how many, by collection.

    The file is there when it is complete: it has another name before. Raises BackupError.
    """
    counts: Counter[str] = Counter()
    unfinished = file.with_name(f"{file.name}.part")
    try:
        with _client(url) as client, client.start_session(snapshot=True) as session, gzip.open(unfinished, "wb") as out:
            source = client[database]
            out.write(bson.encode({"format": FORMAT, "database": database, "at": now}))
            for name in sorted(client[database].list_collection_names()):
                for document in source[name].find(session=session, batch_size=BATCH):
                    out.write(bson.encode({"collection": name, "document": document}))
                    counts[name] += 1
    except (OSError, PyMongoError) as error:
        unfinished.unlink(missing_ok=True)
        raise BackupError(f"{type(error).__name__}: {error}") from error
    unfinished.rename(file)
    return counts


def read_backup(url: str, database: str, file: Path, *, replace: bool) -> Counter[str]:
    """Put the documents of the file into the database. Returns how many, by collection.

    `replace` removes what is there; without it a database that holds documents is refused. The whole file is read
    before anything is removed. Raises BackupError.
    """
    counts: Counter[str] = Counter(name for name, _ in _documents(file))
    try:
        with _client(url) as client:
            target = client[database]
            there = [name for name in target.list_collection_names() if target[name].find_one() is not None]
            if there and not replace:
                raise BackupError(f"the database {database} holds {', '.join(sorted(there))}: --replace removes them")
            for name in there:
                target[name].delete_many({})
            for name, documents in groupby(_documents(file), key=lambda found: found[0]):
                while batch := [document for _, document in islice(documents, BATCH)]:
                    target[name].insert_many(batch)
    except PyMongoError as error:
        raise BackupError(f"{type(error).__name__}: {error}") from error
    return counts


def _client(url: str) -> MongoClient[RawBSONDocument]:
    return MongoClient(
        url,
        document_class=RawBSONDocument,
        serverSelectionTimeoutMS=ANSWER_MILLISECONDS,
        socketTimeoutMS=BATCH_MILLISECONDS,
        w="majority",
    )


def _documents(file: Path) -> Iterator[tuple[str, RawBSONDocument]]:
    """Each document with its collection. Raises BackupError for a file that is cut off, damaged or something else."""
    options: Any = bson.CodecOptions(document_class=RawBSONDocument, tzinfo=UTC, tz_aware=True)
    try:
        with gzip.open(file, "rb") as source:
            found = bson.decode_file_iter(cast(BinaryIO, source), options)
            head = next(found, None)
            if head is None or head.get("format") != FORMAT:
                raise BackupError(f"{file} is no backup of the studio")
            for entry in found:
                yield str(entry["collection"]), entry["document"]
    except (OSError, EOFError, KeyError, bson.errors.InvalidBSON) as error:
        raise BackupError(f"{file}: {type(error).__name__}: {error}") from error
