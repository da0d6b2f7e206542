"""The `studio` command: for engineers, beside the running services."""
