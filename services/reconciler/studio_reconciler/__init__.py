"""Reconciler: relays, rescues, expires."""
