"""How the rule engine compares with Spectral."""
