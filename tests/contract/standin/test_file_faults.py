"""Faults of the file host: refusals, truncated and slow files, wrong types, redirects."""

from datetime import timedelta

import httpx
import pytest

from .conftest import Standin


@pytest.mark.parametrize(("kind", "status"), [("missing", 404), ("forbidden", 403), ("error", 500)])
def test_a_file_refused(standin: Standin, kind: str, status: int) -> None:
    standin.faults(files={"kind": kind, "times": 1})
    url = standin.finished()["output"][0]
    assert [standin.http.get(url).status_code for _ in range(2)] == [status, 200]


def test_one_file_of_several(standin: Standin) -> None:
    standin.faults(files={"kind": "missing", "index": 1})
    done = standin.finished(num_outputs=3)
    assert [standin.http.get(url).status_code for url in done["output"]] == [200, 404, 200]


def test_a_truncated_file(standin: Standin) -> None:
    standin.faults(files={"kind": "truncated"})
    url = standin.finished()["output"][0]
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        standin.http.get(url)


def test_a_web_page_called_a_picture(standin: Standin) -> None:
    standin.faults(files={"kind": "not_an_image"})
    answer = standin.http.get(standin.finished()["output"][0])
    assert (answer.headers["content-type"], answer.text[:6]) == ("image/png", "<html>")


def test_a_picture_called_a_web_page(standin: Standin) -> None:
    standin.faults(files={"kind": "wrong_type"})
    answer = standin.http.get(standin.finished()["output"][0])
    assert (answer.headers["content-type"], answer.content[:4]) == ("text/html", b"\x89PNG")


def test_a_file_that_redirects(standin: Standin) -> None:
    standin.faults(files={"kind": "redirect", "location": "http://169.254.169.254/"})
    answer = standin.http.get(standin.finished()["output"][0])
    assert (answer.status_code, answer.headers["location"]) == (302, "http://169.254.169.254/")


def test_a_slow_file(standin: Standin) -> None:
    standin.faults(files={"kind": "slow", "seconds": 0.2})
    answer = standin.http.get(standin.finished()["output"][0])
    assert answer.elapsed >= timedelta(seconds=0.2)
