"""The matcher's tables in PostgreSQL: a full run fills them, every page keeps them so."""
