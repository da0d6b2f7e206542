"""Gateway: accepts jobs and webhooks, serves progress and pictures."""
