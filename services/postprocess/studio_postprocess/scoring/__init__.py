"""How good a concept is."""
