"""`python -m studio_local demo | up`: the local stack for a person."""

import argparse
import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

import httpx
from rich.console import Console

from studio_local.demo import BRIEF, run_demo
from studio_local.errors import ProcessFailedError, StackError
from studio_local.stack import LocalStack
from studio_local.state_dir import REPOSITORY
from studio_local.supervision import Supervisor

GATEWAY_PORT = 8080
WATCH_SECONDS = 1.0
CANNOT_START = 2


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 failed on the way, 2 could not be started."""
    parser = argparse.ArgumentParser(prog="studio_local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="one brief through the whole pipeline")
    demo.add_argument("--brief", default=BRIEF)
    up = commands.add_parser("up", help="run the stack until Ctrl-C; a service that dies is started again")
    up.add_argument("--exit-on-failure", action="store_true", help="end the stack when a service dies")
    for command in (demo, up):
        command.add_argument("--root", type=Path, default=REPOSITORY / ".studio", help="folder of data and logs")
    demo.add_argument("--out", type=Path, default=Path("out/demo"))
    options = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 140)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # SIGINT too: ignored where a script started us
        signal.signal(number, _interrupt)
    try:
        if options.command == "demo":
            return _demo(options.root, options.brief, options.out, console)
        return _up(options.root, console, exit_on_failure=options.exit_on_failure)
    except ProcessFailedError as error:
        return _explain(error, 1)
    except StackError as error:
        return _explain(error, CANNOT_START)
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 0 if options.command == "up" else 130


def _demo(root: Path, brief: str, out: Path, console: Console) -> int:
    with LocalStack(root, fresh=True, say=_say(console)) as stack:
        try:
            run_demo(stack.gateway_url, brief, out, console)
        except (StackError, httpx.HTTPError) as error:
            return _explain(error, 1)
    return 0


def _up(root: Path, console: Console, *, exit_on_failure: bool) -> int:
    wanted = os.environ.get("STUDIO_GATEWAY_PORT") or str(GATEWAY_PORT)
    if not (wanted.isdigit() and 0 < int(wanted) < 65536):
        raise StackError(f"STUDIO_GATEWAY_PORT={wanted} is not a port number.")
    with LocalStack(root, port=int(wanted), say=_say(console)) as stack:
        console.print(f"The gateway is at {stack.gateway_url} (its API: {stack.gateway_url}/docs). Ctrl-C stops all.")
        console.print(f"For the studio command: set -a; . {_for_the_shell(root, stack.environment)}; set +a")
        supervisor = Supervisor(stack.services, _say(console))
        while True:
            if exit_on_failure:
                stack.check()
            else:
                supervisor.step()
            threading.Event().wait(WATCH_SECONDS)


def _for_the_shell(root: Path, environment: Mapping[str, str]) -> Path:
    """The services' settings in a file that a shell can read."""
    ours = ("RABBITMQ_", "MONGODB_", "OBJECT_", "REPLICATE_", "PUBLIC_", "STUDIO_")
    file = root / "environment"
    file.touch(mode=0o600)
    settings = {key: value for key, value in environment.items() if key.startswith(ours)}
    file.write_text("".join(f"{key}={shlex.quote(value)}\n" for key, value in settings.items()))
    return file


def _say(console: Console) -> Callable[[str], None]:
    return lambda line: console.print(line, highlight=False, markup=False)


def _explain(error: Exception, status: int) -> int:
    sys.stderr.write(f"{error}\n")
    return status


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
