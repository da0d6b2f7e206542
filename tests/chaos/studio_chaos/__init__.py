"""The parts of the chaos tests: a proxy, a load generator, a nemesis, and the check of the ledger afterwards."""
