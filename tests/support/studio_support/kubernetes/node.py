"""Real nodes on this machine: kubelet and containerd, pods on a bridge, services by kube-proxy, names by dnsmasq.

For a network, mount and process namespace of its own (`tests/pods/run.sh` makes it): what is left in it ends with it.
"""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from studio_local.ports import LOOPBACK, free_port, is_listening
from studio_local.processes import ManagedProcess, ProcessRecords, wait_until
from studio_support.kubernetes.cluster import Cluster
from studio_support.kubernetes.control_plane import Access
from studio_support.tools import KUBERNETES, program

BRIDGE, ADDRESS, NETWORK = "studio0", "10.244.0.1", "10.244.0.0/16"
PAUSE = "studio-test-pause:1"
PLUGINS = "/usr/lib/cni"
DEBIAN = "Debian: apt-get install containerd runc containernetworking-plugins conntrack dnsmasq-base"
CGROUPS = Path("/sys/fs/cgroup")
READY_SECONDS = 120.0

CONTAINERD = """
version = 2
root = "{folder}/root"
state = "{folder}/state"
oom_score = 0
[grpc]
address = "{folder}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "docker.io/library/{pause}"
disable_apparmor = true
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{plugins}"
conf_dir = "{folder}/cni"
"""


def make_network() -> None:
    """A bridge for all pods of the namespace, which is also its way out."""
    for command in (
        "link set lo up",
        f"link add {BRIDGE} type bridge",
        f"addr add {ADDRESS}/16 dev {BRIDGE}",
        f"link set {BRIDGE} up",
        f"route add default dev {BRIDGE}",  # the API server looks for the address of the default route
    ):
        subprocess.run(["ip", *command.split()], check=True, capture_output=True)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


class Node:
    """A kubelet with a containerd of its own."""

    def __init__(self, number: int, folder: Path, access: Access, records: ProcessRecords) -> None:
        self.name = f"node-{number}"
        self._folder = folder / self.name
        self._socket = self._folder / "containerd.sock"
        self._access = access
        self._records = records
        self._number = number
        (self._folder / "cni").mkdir(parents=True)
        (self._folder / "containerd.toml").write_text(
            CONTAINERD.format(folder=self._folder, pause=PAUSE, plugins=PLUGINS)
        )
        (self._folder / "cni" / "10-studio.conflist").write_text(json.dumps(self._cni()))

    def _cni(self) -> object:
        span = {
            "subnet": NETWORK,
            "rangeStart": f"10.244.{self._number}.2",
            "rangeEnd": f"10.244.{self._number}.254",
            "gateway": ADDRESS,
        }
        addresses = {
            "type": "host-local",
            "ranges": [[span]],
            "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": str(self._folder / "addresses"),
        }
        bridge = {"type": "bridge", "bridge": BRIDGE, "hairpinMode": True, "ipam": addresses}
        return {"cniVersion": "0.4.0", "name": "studio", "plugins": [bridge, {"type": "loopback"}]}

    def ctr(self, *arguments: str) -> str:
        command = ["ctr", f"--address={self._socket}", "--namespace=k8s.io", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout

    @contextmanager
    def running(self, images: Path) -> Iterator[None]:
        """With the images of an archive as `docker save` writes it."""
        with ExitStack() as stack:
            containerd = self._process(
                [program("containerd", KUBERNETES, DEBIAN), f"--config={self._folder / 'containerd.toml'}"]
            )
            stack.callback(containerd.stop)
            containerd.start()
            assert wait_until(self._serves, READY_SECONDS), "containerd does not answer"
            stack.callback(self._end_containers)
            self.ctr("images", "import", str(images))
            port, health = free_port(), free_port()
            group = f"/studio-{self.name}"
            for controller in CGROUPS.iterdir():
                (controller / group.strip("/")).mkdir(exist_ok=True)
            kubelet = self._process(
                [
                    program("kubelet", KUBERNETES, "tests/integration/kubernetes/build.sh"),
                    f"--hostname-override={self.name}",
                    f"--kubeconfig={self._access.kubeconfig}",
                    f"--root-dir={self._folder / 'kubelet'}",
                    "--container-runtime=remote",
                    f"--container-runtime-endpoint=unix://{self._socket}",
                    "--cgroup-driver=cgroupfs",
                    f"--cgroup-root={group}",
                    f"--cert-dir={self._folder / 'certs'}",
                    f"--node-ip={ADDRESS}",
                    f"--node-labels=topology.kubernetes.io/zone={self.name}",
                    f"--port={port}",
                    f"--healthz-port={health}",
                    "--read-only-port=0",
                    f"--cluster-dns={ADDRESS}",
                    "--cluster-domain=cluster.local",
                    "--resolv-conf=",
                    "--fail-swap-on=false",
                    "--image-gc-high-threshold=100",
                    "--eviction-hard=memory.available<100Mi",
                    "--sync-frequency=5s",
                ],
                lambda: is_listening(health),
            )
            stack.callback(kubelet.stop)
            kubelet.start()
            kubelet.wait_ready(READY_SECONDS)
            yield

    def _process(self, command: list[str], ready: Callable[[], bool] = lambda: True) -> ManagedProcess:
        name = Path(command[0]).name
        return ManagedProcess(
            f"{name}-{self._number}",
            command,
            environment={"PATH": os.environ["PATH"]},
            log=self._folder / f"{name}.log",
            records=self._records,
            ready=ready,
        )

    def _serves(self) -> bool:
        try:
            self.ctr("version")
        except subprocess.CalledProcessError:
            return False
        return True

    def _end_containers(self) -> None:
        for line in self.ctr("tasks", "ls").splitlines()[1:]:
            subprocess.run(
                [
                    "ctr",
                    f"--address={self._socket}",
                    "--namespace=k8s.io",
                    "tasks",
                    "kill",
                    "-s",
                    "KILL",
                    line.split()[0],
                ],
                capture_output=True,
                timeout=30,
            )


@contextmanager
def services(folder: Path, access: Access, cluster: Cluster, namespace: str, records: ProcessRecords) -> Iterator[None]:
    """The addresses and the names of services, inside pods."""
    proxy = ManagedProcess(
        "kube-proxy",
        [
            program("kube-proxy", KUBERNETES, "tests/integration/kubernetes/build.sh"),
            f"--kubeconfig={access.kubeconfig}",
            "--proxy-mode=iptables",
            "--hostname-override=node-1",
            f"--cluster-cidr={NETWORK}",
            "--conntrack-max-per-core=0",
            f"--healthz-bind-address={LOOPBACK}:{(health := free_port())}",
            f"--metrics-bind-address={LOOPBACK}:{free_port()}",
        ],
        environment={"PATH": os.environ["PATH"]},
        log=folder / "kube-proxy.log",
        records=records,
        ready=lambda: is_listening(health),
    )
    hosts = folder / "hosts"
    hosts.write_text("")
    dns = ManagedProcess(
        "dnsmasq",
        [
            program("dnsmasq", Path("/usr/sbin"), DEBIAN),
            *("--keep-in-foreground", "--no-resolv", "--no-hosts", "--bind-interfaces", "--conf-file=/dev/null"),
            *("--local=/cluster.local/", f"--addn-hosts={hosts}", f"--listen-address={ADDRESS}", "--local-ttl=1"),
            *("--user=root", "--pid-file="),
        ],
        environment={"PATH": os.environ["PATH"]},
        log=folder / "dnsmasq.log",
        records=records,
        ready=lambda: True,
    )
    ended = threading.Event()

    def follow() -> None:
        while not ended.wait(1.0):
            if (wanted := _hosts(cluster, namespace)) != hosts.read_text():
                hosts.write_text(wanted)
                if dns.pid is not None:
                    os.kill(dns.pid, signal.SIGHUP)  # it reads the file again

    with ExitStack() as stack:
        for process in (proxy, dns):
            stack.callback(process.kill)
            process.start()
            process.wait_ready(READY_SECONDS)
        follower = threading.Thread(target=follow)
        stack.callback(follower.join)
        stack.callback(ended.set)
        follower.start()
        yield


def _hosts(cluster: Cluster, namespace: str) -> str:
    """As a hosts file: the address of each service, or of its pods where it has none of its own."""
    addresses = {one["metadata"]["name"]: one["spec"]["clusterIP"] for one in cluster.items("services", namespace)}
    lines = {(name, address) for name, address in addresses.items() if address != "None"}
    for endpoints in cluster.items("endpoints", namespace):
        if addresses.get(name := endpoints["metadata"]["name"]) == "None":
            for subset in endpoints.get("subsets", []):
                lines |= {(name, pod["ip"]) for pod in subset.get("addresses", [])}
    return "".join(f"{address} {name}.{namespace}.svc.cluster.local\n" for name, address in sorted(lines))
