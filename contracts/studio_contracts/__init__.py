"""The language all services share; no I/O."""
