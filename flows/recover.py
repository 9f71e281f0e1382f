"""Put crashed runs back: what a killed or stopped worker left as running is closed and read again.

The database knows who lives: a worker holds its source's lock for as long as it is connected. A run
that is marked as running while its lock is free belongs to nobody.
"""

import logging

from registry import intake
from registry.intake.leases import lifeline
from registry.storage.database import current_database, unit_of_work

logger = logging.getLogger("townclerk.flows")


def close_crashed_runs() -> list[str]:
    """Close every run whose worker is gone.

    Returns:
        Keys of the sources that were cut off and are to be read again; each goes on from its
        last committed page.
    """
    with unit_of_work() as db:
        running = intake.leases.sources_running(db)
    cut_off = []
    for source_id, key in running:
        with lifeline(current_database().url, source_id) as ours:
            if not ours:
                continue  # its worker lives
            with unit_of_work() as db:
                closed = intake.leases.close_crashed(db, source_id)
        if closed:
            logger.warning("a crashed run was closed", extra={"source": key})
            cut_off.append(key)
    return cut_off
