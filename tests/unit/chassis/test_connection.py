"""A client closes a connection that it cannot open, whatever the server does."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aio_pika.connection import make_url

from studio_chassis.messaging.connection import CONNECTION_ERRORS, ClosedOnFailure, open_connection
from studio_local.ports import free_port

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def talk_nonsense(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    writer.close()


async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


@pytest.mark.parametrize("answer", [hang_up, talk_nonsense, stay_silent])
async def test_what_answers_no_amqp_leaves_no_connection_open(answer: Answer) -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        connection = ClosedOnFailure(make_url(f"amqp://127.0.0.1:{port}/"))
        with pytest.raises(CONNECTION_ERRORS):
            await connection.connect(timeout=0.5)
        assert connection.is_closed


async def test_a_port_without_a_server_is_a_connection_error() -> None:
    with pytest.raises(CONNECTION_ERRORS):
        await open_connection(f"amqp://127.0.0.1:{free_port()}/", 5)
