"""`studio doctor`: proves what a deployment needs by using it. Each fault with its remedy."""

import asyncio
import json
import logging
from collections.abc import Mapping
from functools import partial
from typing import Annotated

import httpx
import structlog
import typer
from rich.text import Text

from studio_chassis.runtime.settings import read_settings
from studio_chassis.runtime.shared_settings import ModelSettings, ProviderSettings, PublicAddressSettings
from studio_cli.checks import check_broker, check_database, check_objects, check_provider
from studio_cli.connection import Services
from studio_cli.diagnosis import Check, Finding, examine
from studio_cli.live_checks import HTTP_SECONDS, check_clocks, check_jobs, check_public_address, check_services
from studio_cli.tables import console


class DoctorSettings(ProviderSettings, PublicAddressSettings, ModelSettings):
    """What is needed to reach everything."""


def doctor(
    service: Services = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for programs.")] = False,
) -> None:
    """Use broker, database, object store, provider and public address, and look at clocks and jobs.

    All at the same time, 5 seconds each, also in an outage. Exit code: 0 healthy, 1 a fault, 2 a setting is wrong.
    """
    settings = read_settings(DoctorSettings)
    logging.getLogger().addHandler(logging.NullHandler())  # the output is the report's, not the libraries'
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    findings = [Finding("settings", True, "complete", "", 0.0), *asyncio.run(_examine(settings, service or []))]
    if as_json:
        typer.echo(json.dumps([finding._asdict() for finding in findings], indent=2))
    else:
        _print(findings)
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


async def _examine(settings: DoctorSettings, services: list[str]) -> list[Finding]:
    async with httpx.AsyncClient(timeout=HTTP_SECONDS, trust_env=False) as http:
        return await examine(_checks(settings, services, http))


def _checks(settings: DoctorSettings, services: list[str], http: httpx.AsyncClient) -> Mapping[str, Check]:
    return {
        "broker": partial(check_broker, settings),
        "database": partial(check_database, settings),
        "object store": partial(check_objects, settings),
        "provider": partial(check_provider, settings, settings),
        "public address": partial(check_public_address, settings, http),
        "services": partial(check_services, services, http),
        "clocks": partial(check_clocks, settings, services, http),
        "jobs": partial(check_jobs, settings),
    }


def _print(findings: list[Finding]) -> None:
    for finding in findings:
        mark = Text("ok    ", "green") if finding.ok else Text("fault ", "red")
        console.print(mark.append(f"{finding.name}: {finding.text}", "default"))
        if finding.remedy:
            console.print(f"      {finding.remedy}")
