"""A queue that is opened for a consumer, on a connection that breaks at each of the steps."""

from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from studio_chassis.messaging.queues import open_work_queue
from studio_contracts.topology import STENCIL_JOB_CREATED


def connection_of(channel: Any) -> Any:
    """A connection all of whose channels are this one."""
    return Mock(channel=Mock(return_value=channel))


@pytest.mark.parametrize("step", ["initialize", "set_qos", "declare_exchange", "declare_queue"])
async def test_a_channel_that_breaks_while_it_is_set_up_is_closed(step: str) -> None:
    """Else it would be restored with its connection, and stay open as long as that."""
    channel = AsyncMock()
    getattr(channel, step).side_effect = ConnectionError("broken")
    with pytest.raises(ConnectionError):
        await open_work_queue(connection_of(channel), STENCIL_JOB_CREATED)
    channel.close.assert_awaited()


async def test_a_channel_that_works_stays_open() -> None:
    channel = AsyncMock()
    await open_work_queue(connection_of(channel), STENCIL_JOB_CREATED)
    channel.close.assert_not_awaited()
