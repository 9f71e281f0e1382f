"""What other parts of the API need to know of pages and global ids; see registry.api.reading."""

from registry.api.reading.lists import PAGE_DEFAULT, PAGE_MAX, SEARCH_CHARACTERS_MAX
from registry.api.reading.places import global_id, plain_text, read_global_id

__all__ = [
    "PAGE_DEFAULT",
    "PAGE_MAX",
    "SEARCH_CHARACTERS_MAX",
    "global_id",
    "plain_text",
    "read_global_id",
]
