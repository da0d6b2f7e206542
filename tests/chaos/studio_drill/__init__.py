"""Stages a fault on the local stack, waits until an alert or the doctor names it, and resolves it by its runbook."""
