"""`make bench [ARGS="suite …"]`: run suites, keep their JSON, rewrite the table of figures.

A suite is a module in this folder with `run() -> list[Figure]`. Results go to
benchmarks/results/<suite>.json; docs/reference/figures.md is written from all of them.
"""

import importlib
import sys

from benchmarks.figures import FIGURES_PAGE, keep, write_page

SUITES = (
    "foundation",
    "graphql",
    "landscape.exchange",
    "landscape.store",
    "landscape.questions",
    "connectors.speed",
    "connectors.registered",
    "customers.quality",
    "customers.linking",
    "customers.clustering",
    "customers.strangers",
    "customers.peers",
    "customers.million",
    "customers.council",
    "customers.pages",
    "customers.events",
    "customers.growth",
    "customers.find",
    "customers.review",
    "compliance.rules",
    "compliance.peers",
    "compliance.fleet",
    "compliance.bad_input",
    "graphql_postgraphile",
)


def main() -> None:
    """Run the named suites, or all."""
    for name in sys.argv[1:] or SUITES:
        suite = importlib.import_module(f"benchmarks.{name}")
        keep(name, suite.run())
    write_page()
    sys.stdout.write(f"wrote {FIGURES_PAGE}\n")


main()
