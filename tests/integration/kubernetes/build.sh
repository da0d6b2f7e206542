#!/usr/bin/env bash
# Builds Kubernetes 1.20.2 from Debian's source and unpacks etcd, for the tests beside this file and `make pods`, into
# .studio/tools/kubernetes. Needs Debian 12 or its like with gcc, make and dpkg-dev, no root: about 10 minutes and 4 GB in
# a folder that is removed at the end. Nothing of the machine's own apt is touched.
set -euo pipefail
target=$(cd "$(dirname "$0")/../../.." && pwd)/.studio/tools/kubernetes
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"

mkdir -p state/lists/partial cache/archives/partial root
cp /var/lib/dpkg/status state/status
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' | head -n 1) # where this machine's apt goes
for kind in deb deb-src; do
    echo "$kind [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm main"
done >sources.list
apt() {
    apt-get -q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State="$work/state" \
        -o Dir::State::status="$work/state/status" -o Dir::Cache="$work/cache" -o APT::Sandbox::User="$(id -un)" "$@"
}
apt update
apt download golang-1.19-go golang-1.19-src golang-github-modern-go-reflect2-dev rsync libpopt0 libxxhash0 etcd-server
apt source --download-only kubernetes
for package in *.deb; do dpkg -x "$package" root; done
dpkg-source -x kubernetes_*.dsc source

# The copy that comes along crashes with this Go on the first custom resource.
reflect=source/vendor/github.com/modern-go/reflect2
rm -f $reflect/*.go $reflect/*.s
cp root/usr/share/gocode/src/github.com/modern-go/reflect2/*.{go,s} $reflect/
rm -f $reflect/*_test.go

export GOROOT=$work/root/usr/lib/go-1.19 GOPATH=$work/go GOCACHE=$work/gocache GOPROXY=off
export PATH=$GOROOT/bin:$work/root/usr/bin:$PATH LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu
export KUBE_GIT_TREE_STATE=archive KUBE_GIT_VERSION=v1.20.2 KUBE_GIT_MAJOR=1 KUBE_GIT_MINOR=20 KUBE_GIT_COMMIT=debian
make -C source KUBE_BUILD_PLATFORMS=linux/amd64 GOFLAGS=-mod=vendor GOLDFLAGS="-s -w" \
    WHAT="cmd/kube-apiserver cmd/kube-controller-manager cmd/kube-scheduler cmd/kubelet cmd/kube-proxy"

mkdir -p "$target"
cp source/_output/local/bin/linux/amd64/kube{-apiserver,-controller-manager,-scheduler,let,-proxy} root/usr/bin/etcd "$target/"
ls -l "$target"
