"""The policies that follow from what each service does in the object store."""

import json

import pytest
from typer.testing import CliRunner

from studio_cli.app import main
from studio_contracts.services import SERVICES
from studio_contracts.store_rights import iam_policy


def test_only_those_who_make_or_take_pictures_write_them_and_only_the_reconciler_removes_them() -> None:
    allowed = {
        name: {action for statement in iam_policy(name, "b")["Statement"] for action in statement["Action"]}
        for name in SERVICES
    }
    assert {name for name, actions in allowed.items() if "s3:PutObject" in actions} == {
        "gateway",
        "stencil",
        "postprocess",
    }
    assert {name for name, actions in allowed.items() if "s3:DeleteObject" in actions} == {"reconciler"}
    assert {name for name, actions in allowed.items() if "s3:GetObject" not in actions} == {"reconciler"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_policy_names_this_bucket_s_jobs_and_nothing_else(name: str) -> None:
    printed = CliRunner().invoke(main, ["store-policy", name, "--bucket", "pictures"])
    policy = json.loads(printed.output)
    assert policy == iam_policy(name, "pictures")
    for statement in policy["Statement"]:
        assert statement["Effect"] == "Allow"
        assert statement["Resource"] in ("arn:aws:s3:::pictures/jobs/*", "arn:aws:s3:::pictures")
        assert statement["Resource"].endswith("/*") or statement["Condition"] == {
            "StringLike": {"s3:prefix": ["jobs/*"]}
        }
