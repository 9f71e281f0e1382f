"""Arrays of many whole numbers as PostgreSQL reads them without parsing."""

import struct

import numpy as np
import psycopg
from numpy.typing import NDArray

from registry.storage.adapting import Bigints

_ELEMENT = np.dtype([("size", ">i4"), ("value", ">i8")])


def many_bigints(numbers: NDArray[np.int64]) -> Bigints:
    """Return an array of many numbers; for a few, `bigints` is made sooner.

    Source:
        array_send and array_recv of PostgreSQL: dimensions, no NULL, the type of the elements,
        then length and lower bound of the dimension, and each element with its size.
    """
    kind = psycopg.adapters.types["int8"].oid
    if not len(numbers):
        return Bigints(struct.pack(">iii", 0, 0, kind))
    elements = np.empty(len(numbers), dtype=_ELEMENT)
    elements["size"], elements["value"] = 8, numbers
    return Bigints(struct.pack(">iiiii", 1, 0, kind, len(numbers), 1) + elements.tobytes())
