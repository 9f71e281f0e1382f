"""Whole architecture models in the database: taken in, released, given back as they came."""
