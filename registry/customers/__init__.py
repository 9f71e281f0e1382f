"""The master view: one customer out of many records, with a reason for every link and value."""

from registry.customers import (
    commands,
    explain,
    find,
    link_files,
    queries,
    roles,
    stewardship,
)

__all__ = ["commands", "explain", "find", "link_files", "queries", "roles", "stewardship"]
