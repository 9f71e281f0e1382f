"""The master view: one customer out of many records, with a reason for every link and value."""

from registry.customers import commands, link_files, queries, roles

__all__ = ["commands", "link_files", "queries", "roles"]
