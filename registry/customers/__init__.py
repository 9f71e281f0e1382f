"""The master view: one customer out of many records, with a reason for every link and value."""

from registry.customers import commands, queries

__all__ = ["commands", "queries"]
