"""Benchmarks: each suite measures one promise, beside a peer or a raw limit, in one run."""
