"""What tests of several kinds share: job fixtures, the gateway in memory, a client of a running stack."""
