"""Stand-ins for broker, database and object store that keep everything in memory, for tests on a simulated clock.

The services cannot distinguish them from the real ones: `tests/integration/adapters` runs one suite against both.
"""
