"""What one GraphQL request carries: who asks, one read transaction, and loaders that batch.

Rooms are synchronous. Each request runs their functions on one connection in worker threads, one
after the other, so that a whole answer comes from one snapshot of the database. Nothing is read
or changed without naming the scope it needs, so a field without a scope cannot be written.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Hashable, Sequence
from contextlib import ExitStack, suppress
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, cast
from uuid import UUID

import psycopg
from strawberry.dataloader import DataLoader

from registry.access.tokens import Actor
from registry.api.drawing import DrawView, nothing_draws
from registry.api.refusals import AnswerTooLarge, AnswerTooSlow, RequestRefused
from registry.api.whole import IN_TIME, too_slow, whole_answer
from registry.customers.asking.purposes import Sight
from registry.customers.asking.reads import note_read
from registry.storage.asking import CANCEL_SECONDS_MAX
from registry.storage.connecting import unreachable
from registry.storage.database import current_database, unit_of_work
from registry.storage.guarding import for_purpose, guard
from registry.storage.revisions import told_by_release
from schemas.access import Scope
from schemas.errors import DatabaseUnreachable, InvalidInput, WrongRelease

P = ParamSpec("P")
R = TypeVar("R")
K = TypeVar("K", bound=Hashable)

# What the plain executor reads for one answer: whole rows, of which it may show one field.
READ_BYTES_MAX = 20_000_000
ANSWER_SECONDS_MAX = 10  # after this no further statement begins
# First in the transaction: PostgreSQL fixes the isolation level with the first question.
_ONE_SNAPSHOT = f"""SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
    {IN_TIME};"""
# Less than a statement may take, so that waiting for others is told as such.
WAITS: Final = "SET LOCAL lock_timeout = '1.5s'"


class Context:
    """One request's context; strawberry hands it to every resolver as `info.context`.

    Args:
        actor: Who asks.
        correlation_id: Under which the log has this request.
        by_url: The question came in the URL, which proxies and browsers write down.
        purpose: What the answer is for, by name; it decides what is masked. Empty for none.
        draw_view: Draws stored views.

    Raises:
        InvalidInput: The purpose is not a name.
    """

    def __init__(
        self,
        actor: Actor,
        *,
        correlation_id: str = "",
        by_url: bool = False,
        purpose: str = "",
        draw_view: DrawView = nothing_draws,
    ) -> None:
        self.actor = actor
        self.draw_view = draw_view
        self.correlation_id = correlation_id
        self.purpose = purpose
        self._purposed = for_purpose(purpose)
        self._by_url = by_url
        self._deadline = time.monotonic() + ANSWER_SECONDS_MAX
        self._turn = asyncio.Lock()  # questions wait here without holding a thread
        self._one_user = threading.Lock()  # holds also when a waiting task was cancelled
        self._open = ExitStack()
        self._db: psycopg.Connection | None = None
        self._failure: Exception | None = None
        self._asked = False
        self._closed = False
        self._bytes_read = 0
        self._may_write = False
        self._told_reading = False
        self.changed = False
        self._loaders: dict[Hashable, DataLoader[Any, Any]] = {}

    def demand(self, scope: Scope) -> None:
        """Refuse whoever lacks the scope, and names of customers in a URL.

        Raises:
            AccessDenied: Names the scope that is missing.
            RequestRefused: Customers are asked for by GET.
        """
        self.actor.demand(scope)
        if self._by_url and scope is Scope.CUSTOMERS_READ:
            raise RequestRefused(
                "Customers are not asked for by GET, because URLs end up in logs.",
                remedy="Send the same question by POST.",
            )

    async def read(
        self,
        scope: Scope,
        question: Callable[Concatenate[psycopg.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Ask a room a question on this request's snapshot.

        Raises:
            AccessDenied: Who asks lacks the scope.
            AnswerTooSlow: The database took too long.
        """
        self.demand(scope)

        def ask() -> R:
            with self._one_user:
                if self._failure:
                    raise self._failure  # PostgreSQL answers nothing more in this transaction
                if time.monotonic() > self._deadline:
                    raise AnswerTooSlow(f"The answer took more than {ANSWER_SECONDS_MAX} seconds.")
                return self._watched(lambda: question(self._snapshot(), *args, **kwargs))

        async with self._turn:
            self._asked = True
            return await asyncio.to_thread(ask)

    def spend(self, size: int) -> None:
        """Count bytes that were read for the answer.

        Raises:
            AnswerTooLarge: They are more than `READ_BYTES_MAX`.
        """
        self._bytes_read += size
        if self._bytes_read > READ_BYTES_MAX:
            self._failure = AnswerTooLarge(
                f"More than {READ_BYTES_MAX} bytes would have to be read for the answer."
            )
            raise self._failure

    def note_reading(self, scopes: Collection[Scope]) -> None:
        """Tell once per request that customers are asked for by free questions."""
        if Scope.CUSTOMERS_READ in scopes and not self._told_reading:
            self._told_reading = True
            note_read(Sight(self.purpose, "", frozenset(), self.actor.name), "graphql", ())

    def answers_here(self, scopes: frozenset[Scope]) -> bool:
        """Tell whether answers behind these scopes may be given the way this request came."""
        return not (self._by_url and Scope.CUSTOMERS_READ in scopes)

    async def answer(self, sql: bytes, values: Sequence[Any]) -> bytes:
        """Run the one statement that a whole answer was compiled to; see `whole_answer`."""
        return await whole_answer(self.actor.scopes, self.purpose, sql, values)

    async def change(
        self,
        scope: Scope,
        command: Callable[Concatenate[psycopg.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Run a room's command; it counts when `commit` has been awaited.

        All changes of a request share one transaction, each behind a savepoint of its own: one
        that fails leaves nothing behind, and the others stand. What is read afterwards sees it.

        Raises:
            AccessDenied: Who asks lacks the scope.
            AnswerTooSlow: The database took too long; nothing was changed.
        """
        return await self._change(scope, lambda db: command(db, *args, **kwargs), keep=True)

    async def rehearse(
        self,
        scope: Scope,
        command: Callable[Concatenate[psycopg.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Run a room's command in full and take it back; otherwise as `change`."""
        return await self._change(scope, lambda db: command(db, *args, **kwargs), keep=False)

    async def begin_changes(self, command: Callable[[psycopg.Connection], R]) -> R:
        """Open the transaction of changes with a command of the API's own, which needs no scope."""

        def do() -> R:
            try:
                return command(self._changes())
            except psycopg.errors.QueryCanceled as error:
                raise too_slow() from error

        return await self._in_turn(do)

    async def commit(self, last: Callable[[psycopg.Connection], None] | None = None) -> None:
        """Make the changes count; without any, do nothing.

        Args:
            last: Runs first, in the same transaction.

        Raises:
            AnswerTooSlow: A question in between took too long, so nothing was changed.
            DatabaseUnreachable: The database went away; `facts["outcome"]` tells what is known.
        """
        if not self.changed:
            return

        def do() -> None:
            if last is not None:
                last(self._changes())
            self._db, self._may_write = None, False
            self._open.close()

        await self._in_turn(do)

    async def _change(
        self, scope: Scope, command: Callable[[psycopg.Connection], R], *, keep: bool
    ) -> R:
        self.demand(scope)

        def do() -> R:
            db = self._changes()
            try:
                with (
                    told_by_release(current_database().url),
                    db.transaction(force_rollback=not keep),
                ):
                    done = command(db)
            except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable) as error:
                raise too_slow() from error
            except psycopg.OperationalError as error:
                if not db.closed:
                    raise
                self._failure = unreachable(current_database().url, error)
                raise self._failure from error
            self.changed = self.changed or keep
            return done

        self._loaders.clear()
        return await self._in_turn(do)

    async def _in_turn(self, do: Callable[[], R]) -> R:
        def alone() -> R:
            with self._one_user:
                if self._failure:
                    raise self._failure
                return do()

        async with self._turn:
            self._asked = True
            return await asyncio.to_thread(alone)

    def _changes(self) -> psycopg.Connection:
        """Return the connection of the transaction that changes; a snapshot before it ends."""
        if self._closed:
            raise RuntimeError("the request is over")
        if self._db is None or not self._may_write:
            self._end_snapshot()
            self._db = self._open.enter_context(unit_of_work())
            self._db.execute(f"{IN_TIME};{WAITS};{self._purposed}")
            self._may_write = True
        return self._db

    async def close(self) -> None:
        """End the transaction and give the connection back, also when the request is cancelled."""
        self._closed = True

        def end() -> None:
            db = self._db
            if db is not None and self._one_user.locked():
                db.cancel_safe(timeout=CANCEL_SECONDS_MAX)  # nobody waits for that answer
            with self._one_user:
                self._end_snapshot()

        if self._asked:
            await asyncio.shield(asyncio.ensure_future(asyncio.to_thread(end)))

    def loader(self, name: Hashable, load: Callable[[Sequence[K]], Any]) -> DataLoader[K, Any]:
        """Return the request's loader of this name; `load` is an async batch function."""
        if name not in self._loaders:
            self._loaders[name] = DataLoader(load_fn=load)
        return cast("DataLoader[K, Any]", self._loaders[name])

    def by_id(
        self,
        scope: Scope,
        question: Callable[[psycopg.Connection, Sequence[UUID]], Sequence[Any]],
    ) -> DataLoader[UUID, Any]:
        """Return a loader of rows by their `id`, one statement for all that are asked at once.

        Its rows are None where there are none.
        """

        async def load(ids: Sequence[UUID]) -> list[Any]:
            rows = {row.id: row for row in await self.read(scope, question, ids)}
            return [rows.get(key) for key in ids]

        return self.loader(question, load)

    def _watched(self, ask: Callable[[], R]) -> R:
        """Ask, and remember a failure that leaves the transaction useless."""
        try:
            with told_by_release(current_database().url):
                return ask()
        except WrongRelease as error:
            self._failure = error
            raise
        except psycopg.errors.QueryCanceled as error:
            self._failure = too_slow()
            raise self._failure from error
        except UnicodeEncodeError as error:
            raise _unwritable() from error
        except psycopg.Error as error:
            if isinstance(error, psycopg.DataError) and error.sqlstate is None:
                raise _unwritable() from error  # it was never sent, so the transaction goes on
            lost = self._db is not None and self._db.closed
            if lost and isinstance(error, psycopg.OperationalError):
                self._failure = unreachable(current_database().url, error)
                raise self._failure from error
            self._failure = error
            raise

    def _snapshot(self) -> psycopg.Connection:
        if self._closed:
            raise RuntimeError("the request is over")  # only what nobody waits for gets here
        if self._db is None:
            self._db = self._open.enter_context(unit_of_work())
            is_guarded = current_database().is_guarded
            guarded = guard(self.actor.scopes) if is_guarded else ""
            self._db.execute(f"{_ONE_SNAPSHOT}{self._purposed};{guarded}")
        return self._db

    def _end_snapshot(self) -> None:
        """Give the connection back; what was not committed never was."""
        self._db = None
        self._failure = None
        with suppress(DatabaseUnreachable):  # told already, to whoever asked
            self._open.__exit__(psycopg.Rollback, psycopg.Rollback(), None)


def _unwritable() -> InvalidInput:
    """Return the refusal of a text that no text of PostgreSQL can hold, such as U+0000."""
    return InvalidInput(
        "A text of this question holds a character that no text here can hold.",
        remedy="Leave out U+0000 and halves of characters.",
    )
