"""Connectors: how fast records come in, beside the peers."""
