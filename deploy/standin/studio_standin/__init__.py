"""A stand-in for the Replicate HTTP API."""
