"""What the gateway imports when it starts: not what only a document needs, nor what exports traces."""

import subprocess
import sys

LATER = ("numpy", "openpyxl", "reportlab", "PIL", "ezdxf", "shapely", "svgelements", "opentelemetry.exporter")


def test_the_gateway_starts_without_what_few_requests_need() -> None:
    code = "import sys, studio_gateway.app, studio_chassis.runtime.service; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in LATER if name in loaded] == []
