"""Stencil: draws the flat picture a concept starts from."""
