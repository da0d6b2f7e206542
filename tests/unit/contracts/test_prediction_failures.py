"""Which failures of a prediction are tried again."""

import pytest

from studio_domain.prediction import (
    is_infrastructure_failure,
)


@pytest.mark.parametrize(
    "error",
    [
        "Director: unexpected error handling prediction (E9828)",
        "Director: unexpected error handling prediction (E1000)",
        "Director: unexpected error handling prediction (E7777)",
        "Prediction interrupted; please retry (code: PA)",
        "Service is temporarily unavailable (E004)",
        *(f"Something ({code})" for code in ("E4875", "E6716", "E8367", "E8765", "E9243", "E9825")),
    ],
)
def test_a_failure_of_the_providers_machinery_may_be_tried_again(error: str) -> None:
    assert is_infrastructure_failure(error)


@pytest.mark.parametrize(
    "error",
    [
        None,
        "",
        "NSFW content detected. Try running it again, or try a different prompt.",
        "All generated images contained NSFW content. Try running it again with a different prompt.",
        "The input or output was flagged as sensitive. Please try again with different inputs. (E005)",
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        "Director: unexpected error handling prediction (E1001)",
        "Input validation error: 404 Client Error: Not Found for url",
        "Prediction failed: Exception: boom",
        "the prompt said SE1000X",
    ],
)
def test_a_failure_of_the_request_or_without_reason_is_not_bought_again(error: str | None) -> None:
    assert not is_infrastructure_failure(error)
