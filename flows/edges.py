"""The outermost edge of every flow: what leaves it carries no value of a customer.

Prefect writes the text of an exception into its log and its records. Messages of libraries quote
values: DuckDB the line it could not read, PostgreSQL the row that broke a constraint. So whatever
is not one of our own errors is logged here without its text and leaves as one of ours.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from schemas.errors import TownclerkError

logger = logging.getLogger("townclerk.flows")


class UnforeseenFault(TownclerkError):
    """A step of a flow failed in a way that nobody foresaw."""

    code = "unforeseen_fault"
    remedy = (
        "The log has the place in the code, and no values. Run it again; if it fails again, "
        "report that place."
    )


@contextmanager
def without_values() -> Iterator[None]:
    """Let our own errors pass; turn all others into one that names their class alone.

    Raises:
        UnforeseenFault: Something else than one of our own errors was raised.
    """
    try:
        yield
    except TownclerkError:
        raise
    except Exception as error:  # the outermost edge of a flow
        logger.exception("a step failed")  # our log keeps class and place, never the text
        raise UnforeseenFault(f"A step failed with {type(error).__name__}.") from None
