"""Read pages ahead while the present one is written, so that neither side waits for the other."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

from schemas.errors import GiveUp

PAGES_AHEAD_MAX = 2
"""Pages in memory while one is written; more would only cost memory."""

PAGES_MAX = 1_000_000
"""Of one scan: at one record a page still a large town, beyond it a loop."""


T = TypeVar("T")


async def read_ahead(
    pages: AsyncGenerator[T, None], *, most: int = PAGES_AHEAD_MAX
) -> AsyncGenerator[T, None]:
    """Fetch the next pages while the present one is written; memory stays bounded.

    Reading goes on while the last page that was yielded is committed.

    Args:
        pages: Where they come from.
        most: How many may wait.

    Raises:
        GiveUp: The scan does not end.
    """
    queue: asyncio.Queue[T | BaseException | None] = asyncio.Queue(most)

    async def fetch() -> None:
        try:
            async with aclosing(pages):
                async for page in pages:
                    await queue.put(page)
            await queue.put(None)
        except Exception as error:  # noqa: BLE001  # handed to the reader, who raises it
            await queue.put(error)

    fetcher = asyncio.create_task(fetch())
    try:
        for _ in range(PAGES_MAX):
            item = await queue.get()
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item
        raise GiveUp(f"the scan did not end within {PAGES_MAX} pages")
    finally:
        fetcher.cancel()
        await asyncio.gather(fetcher, return_exceptions=True)
