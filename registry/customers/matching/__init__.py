"""Who is whom: blocking, levels, training, weights and groups, with no hub and no database."""
