"""Outlines from the drawings of others: DXF and SVG. Only `asked` is imported when the gateway starts."""
