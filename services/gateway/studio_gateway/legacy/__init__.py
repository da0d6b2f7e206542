"""The routes of the earlier system, for the existing panel."""
