"""Pages that are opened again where the machine's network changed while they were loaded."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from playwright.sync_api import Error, Page, Response

NETWORK_CHANGES = 10
"""While a page is opened, at most."""


@contextmanager
def opening_again() -> Iterator[None]:
    """Every page goes to an address again where Chromium gave up because the machine got another network: each
    container that starts or ends beside it brings or takes one.
    """
    goto = Page.goto

    def goto_again(page: Page, url: str, **options: Any) -> Response | None:
        for _ in range(NETWORK_CHANGES):
            try:
                return goto(page, url, **options)
            except Error as error:
                if "net::ERR_NETWORK_CHANGED" not in str(error):
                    raise
        return goto(page, url, **options)

    with patch.object(Page, "goto", goto_again):
        yield
