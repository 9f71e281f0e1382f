"""The counter's part of `townclerk customers`: find one, show one, what changed; with a purpose."""

import getpass
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import psycopg
import typer

from registry import customers
from registry.customers.asking.around import PARTS, Around
from registry.customers.asking.purposes import Sight
from schemas.customers import CustomerChange
from schemas.errors import InvalidInput
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, print_json, print_table, say, say_next

Purpose = Annotated[
    str | None,
    typer.Option(envvar="TOWNCLERK_PURPOSE", help="What you look for, e.g. service; it is logged."),
]
Customer = Annotated[
    UUID,
    typer.Argument(
        help="Id of a customer; a retired one, or an earlier system's, leads on.",
        parser=customers.cross_reference.alias_of,
        metavar="ID",
    ),
]
Actor = Annotated[str | None, typer.Option("--as", help="Who does it; default is your account.")]


def sight(db: psycopg.Connection, purpose: str | None) -> Sight:
    """Return what may be seen for a purpose by whoever runs this command."""
    return customers.purposes.open_sight(db, purpose, actor=getpass.getuser())


def find(
    words: Annotated[list[str], typer.Argument(help="Name, number, e-mail, birthday, id, key.")],
    purpose: Purpose = None,
    as_json: AsJson = False,
) -> None:
    """Find a customer by whatever you know, misspelt or not; the likeliest first."""
    if not any(sign.isalnum() for word in words for sign in word):
        raise InvalidInput(
            "There is nothing to look for.",
            remedy="Give a name, number, e-mail address, birthday or id.",
        )
    with opened_town(), unit_of_work() as db:
        found = customers.find.search_customers(db, sight(db, purpose), " ".join(words))
    if as_json:
        print_json(found)
        return
    print_table(
        "Customers who may be meant",
        ("name", "kind", "records", "found by", "bits", "id"),
        (
            (one.display_name, one.kind, one.record_count, one.by, one.weight_bits, one.id)
            for one in found
        ),
    )
    if len(found) == customers.find.FOUND_MAX:
        say("There may be more: say a birthday, street or house number too.")
    if found:
        say_next(f"`townclerk customers show {found[0].id} --purpose {purpose}`")
    else:
        say("Nobody is like this.")


def list_(
    search: Annotated[str | None, typer.Option(help="Part of the name.")] = None,
    purpose: Purpose = None,
    as_json: AsJson = False,
) -> None:
    """List customers by name, the first two hundred."""
    with opened_town(), unit_of_work() as db:
        rows = customers.sheet.list_sheets(db, sight(db, purpose), search=search)
    if as_json:
        print_json(rows)
        return
    print_table(
        "Customers",
        ("name", "kind", "records", "id"),
        ((row.display_name, row.kind, row.record_count, row.id) for row in rows),
    )
    if rows:
        say_next(f"`townclerk customers show {rows[0].id} --purpose {purpose}`")
    elif search:
        say("No customer has this in the name.")
        say_next("`townclerk customers list` shows the first two hundred of all")
    else:
        say("There are no customers yet.")
        say_next("`townclerk sync run` reads the sources")


def show(
    customer: Customer,
    purpose: Purpose = None,
    as_of: Annotated[
        datetime | None, typer.Option(help="A moment that has been; UTC unless it says more.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show one customer: each value, where it came from, and the records behind it."""
    with opened_town(), unit_of_work() as db:
        found = customers.sheet.customer_sheet(
            db, sight(db, purpose), customer, as_of=_with_zone(as_of)
        )
    if as_json:
        print_json(found)
        return
    until = f" until {found.valid_to:%Y-%m-%d %H:%M}" if found.valid_to else ""
    print_table(
        f"{found.name}, {found.kind}, revision {found.revision}, as it is since"
        f" {found.valid_from:%Y-%m-%d %H:%M}{until}",
        ("attribute", "value", "because", "from", "record", "source changed"),
        (
            (v.attribute, v.value, v.rule, v.data_set, v.record_id, v.source_changed_at)
            for v in found.values
        ),
    )
    if found.sources:
        print_table(
            "Records behind it",
            ("record", "data set", "key", "belongs here by", "bits", "not used"),
            (
                (s.record_id, s.data_set, s.key, s.rule, _short(s.weight_bits), s.unused)
                for s in found.sources
            ),
        )
    if found.id != found.asked_id:
        say(f"{found.asked_id} was merged into {found.id}.")
    if any(value.masked for value in found.values):
        say(f"*** is not covered by the purpose {found.purpose!r}.")
    say_next(f"`townclerk customers around {found.id} --purpose {found.purpose}`")


def around(
    customer: Customer,
    only: Annotated[
        list[str] | None, typer.Option(help="Only this part; repeat for more.", metavar="PART")
    ] = None,
    purpose: Purpose = None,
    as_json: AsJson = False,
) -> None:
    """Show the timeline, household, consents, preferences, roles, and ways to reach a customer."""
    strange = sorted(set(only or ()) - set(PARTS))
    if strange:
        raise InvalidInput(
            f"There is no part {strange[0]!r}.", remedy=f"Parts are {', '.join(PARTS)}."
        )
    with opened_town(), unit_of_work() as db:
        found = customers.around.customer_around(
            db, sight(db, purpose), customer, only=frozenset(only) if only else None
        )
    if as_json:
        print_json(found)
        return
    _print_around(found)


def _print_around(found: Around) -> None:
    for part in PARTS:
        rows = getattr(found, part)
        if rows:
            columns = tuple(vars(rows[0]))
            print_table(
                part.replace("_", " ").capitalize(),
                tuple(name.replace("_", " ") for name in columns),
                (tuple(_joined(getattr(row, name)) for name in columns) for row in rows),
            )
    if found.masked:
        say(f"Not covered by the purpose {found.purpose!r}: {', '.join(found.masked)}.")


def history(customer: Customer, purpose: Purpose = None, as_json: AsJson = False) -> None:
    """Show what a customer was, revision by revision, the present first."""
    with opened_town(), unit_of_work() as db:
        found = customers.sheet.customer_history(db, sight(db, purpose), customer)
    if as_json:
        print_json(found)
        return
    print_table(
        "Revisions",
        ("revision", "since", "until", "name", "records", "values"),
        (
            (
                one.revision,
                one.valid_from,
                one.valid_to,
                one.name,
                one.record_count,
                ", ".join(f"{v.attribute} {v.value}" for v in one.values),
            )
            for one in found
        ),
    )


def changes(
    since: Annotated[datetime, typer.Argument(help="A moment; UTC unless it says more.")],
    customer: Annotated[UUID | None, typer.Option(help="Only this customer.")] = None,
    as_json: AsJson = False,
) -> None:
    """List customers that are not as before a moment: what happened, which attributes differ."""
    with opened_town(), unit_of_work() as db:
        moment = _with_zone(since)
        assert moment is not None  # it was given
        found = customers.outbox.changed_since(db, moment, customer=customer)
    if as_json:
        print_json(found)
        return
    print_table(
        f"Changed since {moment:%Y-%m-%d %H:%M}",
        ("last", "what", "attributes", "customer", "now"),
        (
            (
                one.last_at,
                ", ".join(one.changes),
                ", ".join(one.attributes),
                one.customer_id,
                one.successor_id,
            )
            for one in found
        ),
    )
    if not found:
        say("Nobody is other than then. The first customers of a town are no news.")


def doubts(as_json: AsJson = False) -> None:
    """Count what is doubtful: questions to review, and customers that may be there twice."""
    with opened_town(), unit_of_work() as db:
        found = customers.review.count_doubts(db, kept=customers.review.keep_up(db))
    if as_json:
        print_json(found)
        return
    say(
        f"{found.customers} customers. {found.pairs} questions are worth a look: {found.asked} are"
        f" asked now, {found.below} wait below the line. {found.apart} of them are about two"
        f" customers that may be one, which concerns {found.concerned} customers."
    )
    say_next("`townclerk customers review`")


def events(
    reader: Annotated[str | None, typer.Option(help="Only what this reader has not had.")] = None,
    after: Annotated[int | None, typer.Option(min=0, help="Only after this number.")] = None,
    change: Annotated[CustomerChange | None, typer.Option(help="Only this kind.")] = None,
    limit: Annotated[int, typer.Option(help="Events to show, at most 1000.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List what happened to customers, in order, for those who keep a copy."""
    with opened_town(), unit_of_work() as db:
        found = customers.outbox.events_for(db, reader, after=after, change=change, limit=limit)
    if as_json:
        print_json(found)
        return
    print_table(
        "Events",
        ("number", "what", "customer", "other", "when"),
        ((e.number, e.change, e.customer_id, e.other_id, e.happened_at) for e in found),
    )
    if not found:
        say("Nothing happened. The first customers of a town are no news and make no events.")
    elif reader:
        say_next(f"`townclerk customers acknowledge {reader} {found[-1].number}`")


def acknowledge(
    reader: Annotated[str, typer.Argument(help="What whoever keeps the copy calls itself.")],
    event: Annotated[int, typer.Argument(help="Number of the last event it has; 0 begins anew.")],
    as_json: AsJson = False,
) -> None:
    """Note that a reader has taken in all events up to one."""
    with opened_town(), unit_of_work() as db:
        found = customers.outbox.acknowledge(db, reader, event)
    if as_json:
        print_json(found)
        return
    say(f"{found.name} has event {found.last_event}; {found.behind} are waiting.")


def purposes(as_json: AsJson = False) -> None:
    """List the purposes that may be named, and what each of them shows."""
    with opened_town(), unit_of_work() as db:
        rows = customers.purposes.list_purposes(db)
    if as_json:
        print_json(rows)
        return
    print_table(
        "Purposes",
        ("key", "what for", "lawful basis", "shows", "in use"),
        (
            (
                row.key,
                row.name,
                row.lawful_basis,
                ", ".join(row.fields),
                "yes" if row.active else "no",
            )
            for row in rows
        ),
    )


def purpose(
    key: Annotated[str, typer.Argument(help="Short name people type.")],
    *,
    name: Annotated[str, typer.Option(help="What the register of processing calls it.")],
    basis: Annotated[str, typer.Option(help="Article of law it rests on.")],
    field: Annotated[list[str] | None, typer.Option(help="What it shows; repeat for more.")] = None,
    retire: Annotated[bool, typer.Option("--retire", help="It may be named no longer.")] = False,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Settle a purpose: its name, its lawful basis, and what it shows; all else is masked."""
    with opened_town(), unit_of_work() as db:
        row = customers.purposes.set_purpose(
            db,
            key,
            name=name,
            lawful_basis=basis,
            fields=field or (),
            active=not retire,
            actor=actor or getpass.getuser(),
        )
    if as_json:
        print_json(row)
        return
    say(f"The purpose {row.key!r} shows {', '.join(row.fields) or 'nothing'}.")


def erase(
    customer: Customer,
    *,
    reason: Annotated[str, typer.Option(help="E.g. the number of the request; no values.")],
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Erase a customer with all its records, for good; they do not come back with the next sync."""
    with opened_town(), unit_of_work() as db:
        found = customers.erase.erase_customer(
            db, customer, reason=reason, actor=actor or getpass.getuser()
        )
    if as_json:
        print_json(found)
        return
    say(
        f"Erased: {found.records} records, {found.dealings} dealings, {found.quarantined} refused"
        f" records, {found.versions} past versions, {found.decisions} decisions."
    )
    say_next("ask the sources to erase it too; backups keep it until they expire")


def _with_zone(moment: datetime | None) -> datetime | None:
    """Read a moment without a zone as UTC."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _short(bits: float | None) -> str:
    return "" if bits is None else f"{bits:.1f}"


def _joined(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value
