"""The same job as the studio does, written with FastStream and with Celery, to compare with."""
