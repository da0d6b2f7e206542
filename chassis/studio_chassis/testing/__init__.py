"""Stand-ins for broker, database and object store that keep everything in memory, for tests on a simulated clock.

They do what the real ones do as far as the services can tell: `tests/integration/adapters` runs one suite against both.
"""
