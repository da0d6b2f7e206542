"""Stages a fault on the local stack, waits until an alert or `studio doctor` names it, and mends it by its runbook."""
