"""Requests to addresses that others name, and the signatures by which each side knows the other."""
