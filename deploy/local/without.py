"""Print the pins of one lock file that another does not have: python without.py ALL.lock KNOWN.lock."""

import re
import sys
from pathlib import Path

PIN = re.compile(r"^(?=[\w.-]+(?:\[[^\]]*\])?==)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    """Each pin with its hashes, by its first line (name, version and marker)."""
    return {block.partition(" \\")[0]: block for block in PIN.split(lock) if block}


if __name__ == "__main__":
    everything, known = (pins(Path(path).read_text()) for path in sys.argv[1:])
    sys.stdout.write("".join(block for name, block in everything.items() if name not in known))
