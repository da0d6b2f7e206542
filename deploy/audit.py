"""Look for security advisories about the packages in requirements.lock: `python deploy/audit.py`.

Exit status: 0 all packages were looked up and none has an advisory, 1 some have, 3 the advisories cannot be had here.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
SAFE, VULNERABLE, NOT_CHECKED = 0, 1, 3
SECONDS = 600
ELSEWHERE = "Run `make audit` where advisories can be reached."


def main(arguments: list[str]) -> int:
    """Arguments go on to pip-audit, such as `--vulnerability-service osv`."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(LOCK), "--disable-pip", "--require-hashes", "-f", "json"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=SECONDS)  # noqa: S603 - ours
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        *_, reason = done.stderr.strip().splitlines() or ["pip-audit printed nothing"]
        return _say(
            NOT_CHECKED, f"Nothing was checked: {reason[:300]}\nRun `make audit` where advisories can be reached."
        )
    skipped = [one["name"] for one in found if "skip_reason" in one]
    for one in found:
        for advisory in one.get("vulns", ()):
            fixed = ", ".join(advisory["fix_versions"]) or "none yet"
            sys.stdout.write(f"{one['name']} {one['version']}: {advisory['id']}, fixed in {fixed}\n")
    if any(one.get("vulns") for one in found):
        return VULNERABLE
    if skipped:
        return _say(
            NOT_CHECKED, f"{len(skipped)} of {len(found)} packages were not checked: {skipped[0]}, … {ELSEWHERE}"
        )
    return _say(SAFE, f"No advisory about {len(found)} packages.")


def _say(status: int, text: str) -> int:
    (sys.stdout if status == SAFE else sys.stderr).write(f"{text}\n")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
