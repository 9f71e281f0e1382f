"""Check the fleet when Prefect says so: every interface against the rule sets it owes."""

from prefect import flow

from flows.edges import without_values
from flows.fleet import FleetReport, check_fleet
from registry.settings import settings
from registry.storage.database import has_database
from registry.storage.running import running_database

NAME = "check-interfaces"
NIGHTLY = "30 2 * * *"  # after the syncs of the evening, before the first auditor


@flow(name=NAME)
def check_interfaces() -> dict[str, float]:
    """Check every interface whose last check no longer holds; return counts."""
    with without_values():
        report = _checked()
    return {
        "interfaces": report.interfaces,
        "checked": report.checked,
        "failed": report.failed,
        "seconds": report.seconds,
    }


def _checked() -> FleetReport:
    if has_database():
        return check_fleet()
    with running_database(settings()):
        return check_fleet()
