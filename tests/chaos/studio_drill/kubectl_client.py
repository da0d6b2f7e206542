"""`kubectl` for a runbook's commands on the local stack: hands its arguments to the drill. Standard library alone."""

import json
import socket
import sys


def main() -> int:
    path, *arguments = sys.argv[1:]
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(json.dumps(arguments).encode() + b"\n")
        answer = json.loads(connection.makefile().readline())
    sys.stdout.write(answer["output"])
    return int(answer["status"])


if __name__ == "__main__":
    sys.exit(main())
