"""Postprocess: provider pictures become ranked concepts."""
