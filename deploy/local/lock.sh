#!/bin/sh
# Pins what all packages and tools depend on, with hashes, for every platform:
#   requirements.lock      what `make demo` and the images need
#   requirements-dev.lock  what tests, linters and generators need besides
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
packages=$(ls contracts/pyproject.toml chassis/pyproject.toml services/*/pyproject.toml deploy/*/pyproject.toml \
    sdk/*/pyproject.toml cli/pyproject.toml)
# Our own packages are installed from this tree and never looked for on an index.
# shellcheck disable=SC2086
sed -n 's/^name = "\(studio-.*\)"/\1/p' $packages >"$work/ours"

compile() {
    .venv/bin/uv pip compile "$@" --excludes "$work/ours" --universal --python-version 3.11 --generate-hashes \
        --no-annotate --no-header --no-emit-index-url --quiet
}

# Both locks come from one resolution, so that no package has two versions. The last locks are preferred.
cat requirements.lock requirements-dev.lock >"$work/all.lock" 2>/dev/null || true
# shellcheck disable=SC2086
compile requirements.in requirements-dev.in $packages --output-file "$work/all.lock" "$@"
# shellcheck disable=SC2086
compile requirements.in $packages --constraints "$work/all.lock" --output-file requirements.lock
.venv/bin/python deploy/local/without.py "$work/all.lock" requirements.lock >requirements-dev.lock
echo "requirements.lock: $(grep -c '==' requirements.lock) packages, requirements-dev.lock: $(grep -c '==' requirements-dev.lock)"
