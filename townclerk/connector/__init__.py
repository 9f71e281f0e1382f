"""Connector files by themselves: tried, or run into a file or table, with nothing registered."""
