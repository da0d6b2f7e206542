"""Who names a fault: an alert that rings, or a finding of `studio doctor`."""

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from typer.testing import CliRunner

from studio_cli.app import main
from studio_drill.faults import Fault
from studio_support.alertmanager import Alertmanager
from studio_support.prometheus import Prometheus


class Finding(NamedTuple):
    """A fault that the doctor found, or an alert that is firing."""

    by: str
    text: str
    remedy: str

    @property
    def who(self) -> str:
        """The alert, or the doctor with its check."""
        return self.by if self.by.startswith("alert ") else f"doctor, {self.by}"

    def __str__(self) -> str:
        return f"{self.who}: {self.text}"


class Watch:
    """Looks at both. Without a Prometheus, who has the `series`, the doctor is alone."""

    def __init__(
        self, settings: Mapping[str, str], alerts: Prometheus | Alertmanager | None, series: Prometheus | None
    ) -> None:
        self.series = series
        self._settings = settings
        self._alerts = alerts

    def alerts(self) -> list[Finding]:
        """All that are firing."""
        firing = self._alerts.firing() if self._alerts else {}
        return [
            Finding(f"alert {name}", alert["annotations"]["summary"], alert["annotations"]["runbook"])
            for name, alert in sorted(firing.items())
        ]

    def findings(self) -> list[Finding]:
        """All faults of the doctor, who is asked in this process: to start one for each look costs a second of CPU."""
        done = CliRunner(env=self._settings).invoke(main, ["doctor", "--json"])
        start = done.stdout.find("[")
        if start < 0:
            return [Finding("doctor", f"said nothing ({done.exit_code}): {done.output[-300:]}", "")]
        found = json.loads(done.stdout[start:])
        return [Finding(one["name"], one["text"], one["remedy"]) for one in found if not one["ok"]]

    def named(self, fault: Fault) -> Finding | None:
        """Who names this fault now."""
        if alert := self.rings(fault):
            return alert
        if not fault.doctor:
            return None
        return next((one for one in self.findings() if re.search(fault.doctor, f"{one.by}: {one.text}")), None)

    def rang_thrice(self, fault: Fault) -> bool:
        """Whether an alert of this fault was firing at three evaluations: what was scraped then shows why."""
        names = "|".join(fault.alerts)
        firing = f'ALERTS{{alertname=~"{names}", alertstate="firing"}}'
        return self.series is None or bool(self.series.query(f"count_over_time({firing}[5m]) >= 3"))

    def rings(self, fault: Fault) -> Finding | None:
        """The alert that is firing for this fault."""
        return next((alert for alert in self.alerts() if alert.by.removeprefix("alert ") in fault.alerts), None)
