"""MongoDB and the object store: jobs, outbox, leases, pictures."""
