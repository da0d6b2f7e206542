"""How the tests open pages beside containers that start and end."""

from unittest.mock import MagicMock, call, patch

import pytest
from playwright.sync_api import Error, Page

from studio_support.page_loading import opening_again

CHANGED = Error("Page.goto: net::ERR_NETWORK_CHANGED at http://127.0.0.1/")


@pytest.mark.parametrize(("outcomes", "calls"), [([None], 1), ([CHANGED, CHANGED, None], 3)])
def test_a_page_is_opened_again_when_the_network_has_changed(outcomes: list[Error | None], calls: int) -> None:
    page = MagicMock(spec=Page)
    with patch.object(Page, "goto", MagicMock(side_effect=outcomes)) as goto, opening_again():
        Page.goto(page, "/x", wait_until="commit")
    assert goto.mock_calls == [call(page, "/x", wait_until="commit")] * calls


def test_any_other_error_is_reported_immediately() -> None:
    page = MagicMock(spec=Page)
    refused = MagicMock(side_effect=Error("Page.goto: net::ERR_CONNECTION_REFUSED"))
    with patch.object(Page, "goto", refused), opening_again(), pytest.raises(Error, match="REFUSED"):
        Page.goto(page, "/x")
    assert refused.call_count == 1


def test_a_network_that_changes_without_end_is_reported() -> None:
    page = MagicMock(spec=Page)
    with (
        patch.object(Page, "goto", MagicMock(side_effect=CHANGED)),
        opening_again(),
        pytest.raises(Error, match="CHANGED"),
    ):
        Page.goto(page, "/x")
