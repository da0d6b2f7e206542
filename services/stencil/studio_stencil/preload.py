"""Everything a child process needs, imported once in the process that children are forked from."""

from studio_chassis.runtime.memory import keep_what_is_loaded
from studio_stencil.drawing.motif_layers import MadeMotif, MotifWish, chosen_motifs
from studio_stencil.motifs.letters import INK
from studio_stencil.own_picture.fitting import fitted

__all__ = ["chosen_motifs", "fitted"]

chosen_motifs([MotifWish(MadeMotif("7", 1.0, ((INK, "RH20"),), "RH31"))])  # this reads the font and what is recorded
keep_what_is_loaded()
