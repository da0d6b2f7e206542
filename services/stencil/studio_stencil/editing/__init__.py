"""Changing a concept by hand: pure functions on index maps."""
