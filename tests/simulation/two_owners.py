"""Print how long a second owner's job takes behind a first owner's, as docs/capacity.md shows it (some minutes)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from studio_simulation.two_owners import second_owner_seconds

SHARE, NO_SHARE = 16, 10**6

print("| jobs of the first owner that wait | seconds, with its share of 16 | without a share |\n|---|---|---|")
for waiting in (0, 50, 200, 1000):
    found = [f"{second_owner_seconds(waiting, share):.0f}" for share in (SHARE, NO_SHARE)]
    print(f"| {waiting:,} | {' | '.join(found)} |", flush=True)
