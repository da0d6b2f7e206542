"""What each service may do in the database, as data: a MongoDB role for its user, by collection.

Who works with a collection makes its indexes, and whoever makes indexes can have documents expire. So the audit log's
are made by the reconciler, which writes nothing there, and the gateway, which does, can only add to it.
"""

from typing import Any

from studio_contracts.services import SERVICES

FIND, INSERT, UPDATE, REMOVE = "find", "insert", "update", "remove"
INDEX = ("createIndex", "collMod", "listIndexes")
_UPSERT = (FIND, INSERT, UPDATE)
_JOBS = (FIND, UPDATE, *INDEX)
"""Every service loads a job, commits to it, and takes published events out of its outbox."""

RIGHTS: dict[str, dict[str, tuple[str, ...]]] = {
    "gateway": {
        "jobs": (*_JOBS, INSERT),
        "claims": (FIND, INSERT, *INDEX),
        "api_keys": (FIND, UPDATE, *INDEX),  # updated with when they were last used
        "sessions": (FIND, INSERT, REMOVE, *INDEX),
        "shares": (*_UPSERT, *INDEX),
        "buckets": (*_UPSERT, *INDEX),
        "audit": (INSERT,),
        "spending": (FIND,),
        "controls": (FIND,),
    },
    "stencil": {"jobs": _JOBS},
    "predictor": {
        "jobs": _JOBS,
        "charges": (*_UPSERT, *INDEX),
        "spending": (*_UPSERT, *INDEX),
        "controls": (FIND,),
    },
    "postprocess": {"jobs": _JOBS},
    "reconciler": {
        "jobs": (*_JOBS, REMOVE),
        "leases": _UPSERT,
        "charges": _UPSERT,
        "spending": _UPSERT,
        "controls": (FIND,),
        "callback_secrets": (FIND,),
        "audit": INDEX,
        "": ("dbStats",),  # of the database, not of a collection: how full its disk is
    },
}
"""By service and collection."""


def makes_indexes(service: str, collection: str) -> bool:
    """Whether the service makes the collection's indexes. What is no service, an operator's command, makes all."""
    return service not in RIGHTS or "createIndex" in RIGHTS[service].get(collection, ())


def roles(database: str = "studio") -> list[dict[str, Any]]:
    """The role of each service's user, as the commands createRole and updateRole take it."""
    return [
        {
            "role": f"studio-{name}",
            "privileges": [
                {"resource": {"db": database, "collection": collection}, "actions": sorted(actions)}
                for collection, actions in RIGHTS[name].items()
            ],
            "roles": [],
        }
        for name in SERVICES
    ]
