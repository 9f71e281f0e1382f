"""Whole architecture models in the database: taken in, released, given back as they came."""

from registry.landscape.models import fetch, releases, work

__all__ = ["fetch", "releases", "work"]
