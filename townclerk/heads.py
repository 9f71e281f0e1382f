"""HTTP/1.1 as our server reads it: httptools, with the limit of a request's head that it lacks."""

from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES_MAX: Final = 64 * 1024  # as h11 and most proxies have it; ours have one kilobyte


class LimitedHeads(HttpToolsProtocol):
    """Refuses heads, trailers and marks between chunks that never end, before they fill memory.

    What arrives is counted until it turns out to be the end of a head, or part of a body.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._uncounted = 0

    def data_received(self, data: bytes) -> None:
        """Take what has arrived."""
        self._uncounted += len(data)
        super().data_received(data)
        if self._uncounted > HEAD_BYTES_MAX and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        self._uncounted = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._uncounted = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        self._uncounted = 0
        super().on_message_complete()
