"""`townclerk migrate`: bring the database to this release, by hand and with the right account."""

from registry.settings import settings
from registry.storage.migrate import current, upgrade
from registry.storage.revisions import demand_release
from registry.storage.running import database_url
from townclerk.cli.opening import quiet_logs
from townclerk.cli.output import AsJson, many, print_json, say, say_next


def migrate(as_json: AsJson = False) -> None:
    """Bring the database to this release; `up`, `worker` and other commands do so too.

    Useful where the account that serves may not change tables: run this one as their owner, with
    the same DATABASE_URL but for the account.
    """
    chosen = settings()
    quiet_logs(chosen)
    with database_url(chosen) as url:
        before = current(url)
        run = upgrade(url)
        demand_release(url)
        now = current(url)
    if as_json:
        print_json({"before": before, "now": now, "run": run})
        return
    if run:
        came = "was empty" if before is None else f"was at revision {before}"
        say(f"{many(len(run), 'migration')} run: the database {came} and is at {now} now.")
    else:
        say(f"Nothing to do: the database is at revision {now}, that of this release.")
    say_next("`townclerk up`")
