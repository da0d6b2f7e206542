"""The work on one picture, as a child process is asked for it. Only the child imports what works on pixels."""

from collections.abc import Sequence

from studio_contracts.brief import Surface
from studio_contracts.plan import Layout
from studio_contracts.reading import UnsoldColour
from studio_postprocess.results import ConceptPictures, PaletteFit


def work_on_picture(
    original: bytes,
    stencil: bytes,
    codes: Sequence[str],
    expected_size: tuple[int, int],
    layout: Layout,
    surface: Surface,
    fit: PaletteFit | None = None,
    unsold: Sequence[UnsoldColour] = (),
) -> ConceptPictures:
    """See `make_concept`. The stencil is an indexed PNG whose palette are the colours of `codes`, in their order.

    Raises PictureError, and MemoryError where the memory does not suffice.
    """
    from studio_postprocess.preload import BY_CODE, cv2, indices_of, make_concept

    try:
        palette, stencil_indices = [BY_CODE[code] for code in codes], indices_of(stencil)
        asked = None if fit is None else [BY_CODE[code] for code in fit.asked]
        refused = [] if fit is None else [BY_CODE[code] for code in fit.refused]
        return make_concept(
            original,
            palette,
            expected_size,
            stencil_indices,
            layout,
            surface,
            asked,
            refused,
            unsold,
            is_drawn=original == stencil,
        )
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError(str(error)) from error
        raise
