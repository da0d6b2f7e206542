"""The access store in MongoDB: a part of the job store, which gives it the database."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument

from studio_chassis.persistence.access import AuditFilter
from studio_chassis.persistence.mongo_outages import translated
from studio_contracts.access import ApiKey, AuditEntry, ShareLink
from studio_contracts.callbacks import SecretRotation


class MongoAccessStore:
    """API keys in `api_keys`, browsers' sessions in `sessions`, links in `shares`, what was done in `audit`,
    and how often secrets for calls were replaced in `callback_secrets`.
    """

    def __init__(self, database: Any) -> None:
        self._keys = database["api_keys"]
        self._sessions = database["sessions"]
        self._shares = database["shares"]
        self._audit = database["audit"]
        self._callback_secrets = database["callback_secrets"]

    @translated
    async def add_key(self, key: ApiKey, token_hash: str) -> None:
        document = key.model_dump(exclude={"id"}) | {"_id": key.id, "scopes": sorted(key.scopes), "hash": token_hash}
        await self._keys.insert_one(document)

    @translated
    async def key_by_hash(self, token_hash: str) -> ApiKey | None:
        return _key(await self._keys.find_one({"hash": token_hash}))

    @translated
    async def key_by_id(self, key_id: str) -> ApiKey | None:
        return _key(await self._keys.find_one({"_id": key_id}))

    @translated
    async def keys(self) -> tuple[ApiKey, ...]:
        found = [_key(document) async for document in self._keys.find({}, sort=[("created_at", 1), ("_id", 1)])]
        return tuple(key for key in found if key is not None)

    @translated
    async def revoke_key(self, key_id: str, now: datetime) -> ApiKey | None:
        await self._keys.update_one({"_id": key_id, "revoked_at": None}, {"$set": {"revoked_at": now}})
        return _key(await self._keys.find_one({"_id": key_id}))

    @translated
    async def key_used(self, key_id: str, now: datetime) -> None:
        await self._keys.update_one({"_id": key_id}, {"$max": {"last_used_at": now}})

    @translated
    async def add_session(self, token_hash: str, key_id: str, expires_at: datetime) -> None:
        await self._sessions.insert_one({"_id": token_hash, "key_id": key_id, "expires_at": expires_at})

    @translated
    async def session_key(self, token_hash: str, now: datetime) -> ApiKey | None:
        session = await self._sessions.find_one({"_id": token_hash, "expires_at": {"$gt": now}})
        return None if session is None else _key(await self._keys.find_one({"_id": session["key_id"]}))

    @translated
    async def end_session(self, token_hash: str) -> None:
        await self._sessions.delete_one({"_id": token_hash})

    @translated
    async def add_share(self, link: ShareLink, token_hash: str) -> None:
        await self._shares.insert_one(link.model_dump(exclude={"id"}) | {"_id": link.id, "hash": token_hash})

    @translated
    async def share_by_hash(self, token_hash: str) -> ShareLink | None:
        return _share(await self._shares.find_one({"hash": token_hash}))

    @translated
    async def shares_of(self, job_id: str) -> tuple[ShareLink, ...]:
        cursor = self._shares.find({"job_id": job_id}, sort=[("created_at", 1), ("_id", 1)])
        found = [_share(document) async for document in cursor]
        return tuple(link for link in found if link is not None)

    @translated
    async def revoke_share(self, job_id: str, link_id: str, now: datetime) -> ShareLink | None:
        ours = {"_id": link_id, "job_id": job_id}
        await self._shares.update_one(ours | {"revoked_at": None}, {"$set": {"revoked_at": now}})
        return _share(await self._shares.find_one(ours))

    @translated
    async def append_audit(self, entry: AuditEntry) -> None:
        await self._audit.insert_one(entry.model_dump())

    @translated
    async def audit(self, wanted: AuditFilter, limit: int) -> tuple[AuditEntry, ...]:
        query: dict[str, Any] = {
            name: value for name, value in wanted._asdict().items() if value is not None and name != "since"
        }
        if wanted.since is not None:
            query["at"] = {"$gte": wanted.since}
        found = self._audit.find(query, {"_id": 0}, sort=[("at", -1), ("_id", -1)], limit=limit)
        return tuple([AuditEntry.model_validate(document) async for document in found])

    @translated
    async def callback_rotation(self, owner: str) -> SecretRotation:
        return _rotation(await self._callback_secrets.find_one({"_id": owner}))

    @translated
    async def rotate_callback_secret(self, owner: str, previous_until: datetime) -> SecretRotation:
        change = {"$inc": {"number": 1}, "$set": {"previous_until": previous_until}}
        after = await self._callback_secrets.find_one_and_update(
            {"_id": owner}, change, upsert=True, return_document=ReturnDocument.AFTER
        )
        return _rotation(after)


def _rotation(document: Mapping[str, Any] | None) -> SecretRotation:
    """The state in a document; what a later release added to it is overlooked."""
    known = {name: document[name] for name in SecretRotation.model_fields if name in document} if document else {}
    return SecretRotation.model_validate(known)


def _share(document: Mapping[str, Any] | None) -> ShareLink | None:
    """The link of a document. What a later release added to it is overlooked."""
    if document is None:
        return None
    known = {name: document[name] for name in ShareLink.model_fields if name in document}
    return ShareLink.model_validate(known | {"id": document["_id"]})


def _key(document: Mapping[str, Any] | None) -> ApiKey | None:
    """The key of a document. What a later release added to it is overlooked."""
    if document is None:
        return None
    known = {name: document[name] for name in ApiKey.model_fields if name in document}
    return ApiKey.model_validate(known | {"id": document["_id"]})
