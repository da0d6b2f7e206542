"""Merging what is too small to lay into the neighbour that looks most like it in the original picture."""

import numpy as np

from studio_colour.difference import ByteArray, FloatArray
from studio_postprocess.clamp.hue import oklab
from studio_postprocess.installable.regions import BoolArray, Neighbours, Pieces, colours_at
from studio_postprocess.installable.shapes import Shapes

LEAST_SHARE = 0.15
"""Share of its border that a small piece should have with the neighbour it merges into."""
TOUCHES_LITTLE, BORDER, GROUND = 0.40, 0.10, 0.25
"""In units of OKLab distance: what a shorter border costs, what all of the border is worth, and how much rather a part
of a figure becomes part of the figure than of the ground around it."""


def mean_look(pieces: Pieces, look: ByteArray | None) -> FloatArray:
    """OKLab of each piece's mean colour in the original, shape (pieces, 3); noughts where there is no original."""
    if look is None:
        return np.zeros((len(pieces.area), 3))
    return oklab(mean_rgb(pieces, look).astype(np.uint8))


def mean_rgb(pieces: Pieces, look: ByteArray) -> FloatArray:
    """Mean sRGB of each piece, shape (pieces, 3), in a picture of the same size as its labels."""
    sums = [pieces.sums(look[..., channel]) for channel in range(3)]
    return np.stack(sums, axis=1) / np.maximum(pieces.area, 1)[:, np.newaxis]


def merge(
    shapes: Shapes,
    chosen: BoolArray,
    look: ByteArray | None = None,
    parts: Pieces | None = None,
) -> Shapes:
    """The shapes with each chosen piece in the colour of a neighbour that stays; the same object where none is chosen.

    `look` is the original, sRGB, shape (height, width, 3). The neighbour is the one whose mean colour there is nearest,
    with a bonus for the length of the border, and a handicap for the ground: the piece that meets most of the surface's
    edge. Without an original the longest border decides. Pieces that touch only chosen ones wait until those are
    settled. Where nothing may stay, the largest piece does. With `parts`, into which the pieces were divided, those are
    chosen from, and a neighbour of a part's own colour does not count.
    """
    if not chosen.any():
        return shapes
    pieces = shapes.pieces if parts is None else parts
    colour, waiting = pieces.colour.copy(), chosen.copy()
    if waiting.all():
        waiting[pieces.area.argmax()] = False
    near = pieces.neighbours
    if parts is not None:
        near = Neighbours(*(column[pieces.colour[near.piece] != pieces.colour[near.other]] for column in near))
    mean = mean_look(pieces, look)
    handicap = np.zeros(len(colour))
    if look is not None:
        handicap[pieces.ground] = GROUND
    while True:
        open_ = waiting[near.piece] & ~waiting[near.other]
        if not open_.any():
            break
        piece, other, edges = near.piece[open_], near.other[open_], near.edges[open_]
        choice, of_choice = np.unique(piece * np.int64(256) + colour[other], return_inverse=True)
        border = np.bincount(of_choice, weights=edges)
        unlike = np.sqrt(((mean[piece] - mean[other]) ** 2).sum(axis=1)) + handicap[other]
        unlike = np.bincount(of_choice, weights=edges * unlike) / border
        chooser, painted = np.divmod(choice, 256)
        share = border / np.bincount(chooser, weights=border)[chooser]
        cost = unlike - BORDER * share + np.where(share < LEAST_SHARE, TOUCHES_LITTLE, 0)
        falling = np.lexsort((-painted, -cost))
        colour[chooser[falling]] = painted[falling]  # the last written is the cheapest
        waiting[chooser] = False
    return Shapes(colours_at(pieces, colour))


def fill_holes(shapes: Shapes, limit: float) -> Shapes:
    """The shapes with pieces below `limit` pixels that lie within one other piece made part of it.

    Not within the ground, the piece that meets most of the surface's edge: there they are islands.
    """
    pieces = shapes.pieces
    small = pieces.area < limit
    if not small.any():
        return shapes
    near, contact = pieces.neighbours, pieces.rim_contact
    around = np.full(len(small), -1)
    around[near.piece] = near.other
    alone = np.bincount(near.piece, minlength=len(small)) == 1
    holes = small & alone & (contact == 0) & (around != pieces.ground)
    if not holes.any():
        return shapes
    return Shapes(colours_at(pieces, np.where(holes, pieces.colour[around], pieces.colour)))
