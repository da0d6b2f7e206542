#!/usr/bin/env bash
# `make pods`: the local overlay as real pods on two nodes of this machine (kubelet, containerd, kube-proxy).
# Needs root, a Docker engine with the images of tests/containers, Debian's containerd, runc, containernetworking-plugins,
# conntrack and dnsmasq-base, and the programs of tests/integration/kubernetes/build.sh. All of it runs in namespaces of
# its own, so that processes, mounts, interfaces and rules of the firewall end with it.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "needs root" >&2; exit 1; }
export STUDIO_PODS
STUDIO_PODS=$(mktemp -d)
mapfile -t kept < <(sysctl -e vm.overcommit_memory kernel.panic kernel.panic_on_oops | tr -d ' ') # a kubelet sets them
cleanup() {
    sysctl -q -w "${kept[@]}" || true
    rm -rf --one-file-system "$STUDIO_PODS"
    find /sys/fs/cgroup -depth -type d -path '/sys/fs/cgroup/*studio-node-*' -exec rmdir {} + 2>/dev/null || true
}
trap cleanup EXIT

images=()
for service in gateway stencil predictor postprocess reconciler standin; do
    docker tag "studio-$service:${STUDIO_VERSION:-test}" "studio-$service:0.1.0"
    images+=("studio-$service:0.1.0")
done
docker image inspect studio-test-pause:1 >/dev/null 2>&1 ||
    printf 'FROM debian:bookworm-slim\nENTRYPOINT ["sleep", "infinity"]\n' | docker build -q -t studio-test-pause:1 - >/dev/null
docker save -o "$STUDIO_PODS/images.tar" "${images[@]}" studio-test-pause:1 rabbitmq:3.10-management mongo:6.0 \
    studio-test-seaweedfs:4.48

# bash is the first process there, so that it reaps what nobody waits for
unshare --net --mount --pid --fork --kill-child --mount-proc \
    bash -c '"$@"; exit $?' bash "${PYTHON:-.venv/bin/python}" -m pytest -q -s --timeout=3600 tests/pods "$@"
