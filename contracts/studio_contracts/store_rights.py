"""What each service may do in the object store, as data: for an IAM policy of S3, or SeaweedFS's identities."""

from typing import Any, Literal

from studio_contracts.services import SERVICES

Action = Literal["read", "write", "delete"]

ACTIONS: dict[str, frozenset[Action]] = {
    "gateway": frozenset({"read", "write"}),
    "stencil": frozenset({"read", "write"}),
    "predictor": frozenset({"read"}),
    "postprocess": frozenset({"read", "write"}),
    "reconciler": frozenset({"delete"}),
}
"""By service. To delete means to list what there is, and to remove it."""
PREFIX = "jobs/"
_S3 = {"read": ("s3:GetObject",), "write": ("s3:PutObject",), "delete": ("s3:DeleteObject",)}
_SEAWEEDFS = {"read": ("Read",), "write": ("Read", "Write"), "delete": ("List", "Write")}
"""SeaweedFS has no action of its own for deleting: who may write may delete, and a write looks at what is there."""


def iam_policy(service: str, bucket: str) -> dict[str, Any]:
    """The policy of the service's user in the manner of AWS."""
    actions = sorted(action for one in ACTIONS[service] for action in _S3[one])
    objects = {"Effect": "Allow", "Action": actions, "Resource": f"arn:aws:s3:::{bucket}/{PREFIX}*"}
    listing = {
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": f"arn:aws:s3:::{bucket}",
        "Condition": {"StringLike": {"s3:prefix": [f"{PREFIX}*"]}},
    }
    statements = [objects, listing] if "delete" in ACTIONS[service] else [objects]
    return {"Version": "2012-10-17", "Statement": statements}


def seaweedfs_identities(bucket: str, secrets: dict[str, str]) -> dict[str, Any]:
    """The `s3.json` of SeaweedFS: an identity for each service, its secret key by the service's name."""
    return {
        "identities": [
            {
                "name": f"studio-{name}",
                "credentials": [{"accessKey": f"studio-{name}", "secretKey": secrets[name]}],
                "actions": sorted({f"{right}:{bucket}" for one in ACTIONS[name] for right in _SEAWEEDFS[one]}),
            }
            for name in SERVICES
        ]
    }
