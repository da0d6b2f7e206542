#!/bin/sh
# Writes requirements.lock: what all packages and tools depend on, pinned with hashes, for every platform.
set -eu
cd "$(dirname "$0")/../.."
ours=$(mktemp)
trap 'rm -f "$ours"' EXIT
sed -n 's/^name = "\(studio-.*\)"/\1/p' contracts/pyproject.toml chassis/pyproject.toml services/*/pyproject.toml \
    deploy/*/pyproject.toml cli/pyproject.toml >"$ours" # installed from this tree, never looked for on an index
.venv/bin/uv pip compile requirements.in contracts/pyproject.toml chassis/pyproject.toml services/*/pyproject.toml \
    deploy/*/pyproject.toml cli/pyproject.toml --excludes "$ours" --universal --python-version 3.11 --generate-hashes \
    --no-annotate --no-header --quiet --output-file requirements.lock "$@"
echo "requirements.lock: $(grep -c '==' requirements.lock) packages"
