"""The rules of a job's life: pure functions, no I/O. Contracts do not import them."""
