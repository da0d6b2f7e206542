"""One running studio for all tests of the folder, and a receiver of its spans."""

import threading
from collections.abc import Iterator

import pytest

from studio_local.infrastructure import Infrastructure
from studio_support.running_studio import IMPATIENT, Studio, running_studio
from studio_support.span_receiver import Receiver


@pytest.fixture(scope="package")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever)
    thread.start()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()
    thread.join()


@pytest.fixture(scope="package")
def studio(
    receiver: Receiver, infrastructure: Infrastructure, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Studio]:
    """Sends its spans to the receiver without delay. Each test leaves it as it was."""
    address = f"http://127.0.0.1:{receiver.server.server_port}"
    traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    with running_studio(infrastructure, tmp_path_factory.mktemp("studio"), IMPATIENT | traced) as studio:
        yield studio
