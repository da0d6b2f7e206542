"""The client of the provider's HTTP API."""
