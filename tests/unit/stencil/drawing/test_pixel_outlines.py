import cv2
import numpy as np
import pytest

from studio_stencil.drawing.pixel_outlines import outlines


@pytest.mark.parametrize("blur", [0.4, 0.8, 1.5, 3.0])
def test_outlines_are_those_that_opencv_follows(blur: float) -> None:
    rng = np.random.default_rng(7)
    for _ in range(10):
        noise = cv2.GaussianBlur(rng.random((60, 71)).astype(np.float32), (0, 0), blur)
        mask = (noise > 0.5).astype(np.uint8)
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        expected = sorted(contour[:, 0].tolist() for contour in contours if len(contour) > 1)
        assert sorted(line.tolist() for line in outlines(mask)) == expected


def test_nothing_has_no_outline() -> None:
    assert list(outlines(np.zeros((5, 5), np.uint8))) == []
