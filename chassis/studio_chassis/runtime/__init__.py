"""How a service starts, reads its settings, shows its health and stops."""
