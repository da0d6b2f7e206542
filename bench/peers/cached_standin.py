"""The provider's stand-in, which renders each picture once: its pixels are not what is measured."""

from unittest.mock import patch

import studio_standin.files
from studio_standin.__main__ import main
from studio_standin.pictures import Recipe, render

_rendered: dict[object, bytes] = {}


def _cached(recipe: Recipe) -> bytes:
    kind = recipe.size, recipe.format, recipe.number
    if kind not in _rendered:
        _rendered[kind] = render(recipe)
    return _rendered[kind]


if __name__ == "__main__":
    with patch.object(studio_standin.files, "render", _cached):
        main()
