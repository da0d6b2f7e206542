"""etcd, API server, controllers and scheduler of Kubernetes 1.20 as processes on loopback."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from studio_local.ports import LOOPBACK, free_port, is_listening
from studio_local.processes import ManagedProcess, ProcessRecords
from studio_support.tools import KUBERNETES, program

READY_SECONDS = 60.0
REMEDY = "deploy/kubernetes/README.md says how to build it"
TOKEN = "of-the-tests"


class Access(NamedTuple):
    """What a client with all rights needs."""

    address: str
    token: str
    certificate: Path
    kubeconfig: Path


@contextmanager
def control_plane(folder: Path) -> Iterator[Access]:
    """Running while open; its data and logs in the folder. Skips the test where a program is missing."""
    etcd, server, controllers, scheduler = (
        program(name, KUBERNETES, REMEDY)
        for name in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
    )
    etcd_port, peer_port, port = free_port(), free_port(), free_port()
    access = Access(f"https://{LOOPBACK}:{port}", TOKEN, folder / "certs" / "apiserver.crt", folder / "kubeconfig")
    key, tokens = folder / "sa.key", folder / "tokens.csv"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    tokens.write_text(f'{TOKEN},admin,1,"system:masters"\n')
    _write_kubeconfig(access)
    data, peer = f"http://{LOOPBACK}:{etcd_port}", f"http://{LOOPBACK}:{peer_port}"
    with ExitStack() as processes:

        def run(binary: str, ready: Callable[[], bool], **options: object) -> None:
            flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
            name = Path(binary).name
            process = ManagedProcess(
                name,
                [binary, *flags],
                environment={"PATH": os.environ["PATH"]},
                log=folder / f"{name}.log",
                records=ProcessRecords(folder / "processes.json"),
                ready=ready,
            )
            processes.callback(process.kill)
            process.start()
            process.wait_ready(READY_SECONDS)

        run(
            etcd,
            lambda: is_listening(etcd_port),
            data_dir=folder / "etcd",
            listen_client_urls=data,
            advertise_client_urls=data,
            listen_peer_urls=peer,
            initial_advertise_peer_urls=peer,
            initial_cluster=f"default={peer}",
        )
        run(
            server,
            lambda: _serves(access.address),
            etcd_servers=data,
            bind_address=LOOPBACK,
            secure_port=port,
            cert_dir=access.certificate.parent,
            service_account_key_file=key,
            service_account_signing_key_file=key,
            service_account_issuer="https://kubernetes.default.svc",
            token_auth_file=tokens,
            authorization_mode="RBAC",
            service_cluster_ip_range="10.96.0.0/16",
            kubelet_preferred_address_types="InternalIP",  # no server knows the names of nodes
            disable_admission_plugins="TaintNodesByCondition",  # no kubelet would remove the taint
        )
        follower = {"kubeconfig": access.kubeconfig, "bind_address": LOOPBACK, "port": 0, "leader_elect": "false"}
        controllers_port, scheduler_port = free_port(), free_port()
        run(
            controllers,
            lambda: is_listening(controllers_port),
            **follower,
            secure_port=controllers_port,
            service_account_private_key_file=key,
            controllers="*,-nodelifecycle",  # nodes that are made up send no heartbeat
            horizontal_pod_autoscaler_sync_period="1s",
        )
        run(scheduler, lambda: is_listening(scheduler_port), **follower, secure_port=scheduler_port)
        yield access


def _write_kubeconfig(access: Access) -> None:
    server = {"server": access.address, "certificate-authority": str(access.certificate)}
    configuration = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "tests", "cluster": server}],
        "users": [{"name": "admin", "user": {"token": access.token}}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "admin"}}],
        "current-context": "tests",
    }
    access.kubeconfig.write_text(json.dumps(configuration))


def _serves(address: str) -> bool:
    try:  # it makes its certificate while it starts, so there is none yet to compare with
        return httpx.get(f"{address}/readyz", verify=False, timeout=60, trust_env=False).is_success
    except httpx.TransportError:
        return False
