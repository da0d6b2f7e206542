#!/bin/sh
# Makes .venv: `setup.sh run` with what the studio needs, `setup.sh dev` with tests, linters and generators too.
# Does nothing when nothing has changed since the last time; what `dev` made serves `run` as well.
set -eu
cd "$(dirname "$0")/../.."
kind=${1:-dev}

packages="contracts chassis $(echo services/*) deploy/standin deploy/local sdk/python cli"
stamp=.venv/studio-stamp-$kind
locks=requirements.lock
[ "$kind" = run ] || locks="$locks requirements-dev.lock"
log=.studio/logs/setup.log

fail() {
    echo "$1" >&2
    exit 2
}

wanted() {
    for package in $packages; do echo "$package/pyproject.toml"; done |
        xargs cat requirements.lock requirements-dev.lock deploy/local/setup.sh | sha256sum | cut -d' ' -f1
    pwd -P # editable installs hold this path
}

find_python() {
    for name in python3 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    fail "Python 3.11 or later is missing: install it (Debian, Ubuntu: apt-get install python3 python3-venv)."
}

make_venv() {
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
            fail "Python's venv is missing: install it (Debian, Ubuntu: apt-get install python$version-venv)."
        echo "Installing python$version-venv ..."
        { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends \
            "python$version-venv"; } >>"$log" 2>&1 || fail "apt-get failed; see $log."
    fi
    echo "Making .venv with $("$python" --version) ..."
    "$python" -m venv --clear .venv >>"$log" 2>&1 || fail "No virtual environment could be made; see $log."
}

install() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@" >>"$log" 2>&1 ||
        fail "pip failed; $log ends: $(tail -n 3 "$log")"
}

is_current() { [ -x .venv/bin/python ] && [ -f "$1" ] && [ "$(cat "$1")" = "$(wanted)" ]; }

if is_current "$stamp" || is_current .venv/studio-stamp-dev; then
    exit 0
fi
mkdir -p .studio/logs
: >"$log"
.venv/bin/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || make_venv
# Word splitting is wanted here: one "-r file" for each lock.
# shellcheck disable=SC2086
echo "Installing $(cat $locks | grep -c '==') packages (the first time takes a minute) ..."
# shellcheck disable=SC2046,SC2086
install --require-hashes $(for lock in $locks; do echo "-r $lock"; done)
# Word splitting is wanted here: one "-e folder" for each.
# shellcheck disable=SC2046
install --no-deps --no-build-isolation $(for package in $packages; do echo "-e ./$package"; done)
wanted >"$stamp"
