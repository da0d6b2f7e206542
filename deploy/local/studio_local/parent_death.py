"""Run a command that cannot outlive its parent: `python bound.py PARENT_PID COMMAND ...`.

The kernel sends SIGKILL when the parent ends, however it ends. Set here rather than in a `preexec_fn`, which is not
safe in a process with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the call above
            sys.exit(1)
    try:
        os.execvp(command[0], command)  # noqa: S606 - that is the purpose
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
