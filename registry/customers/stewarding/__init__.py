"""What stewards judge: doubts, comparisons, decisions, samples, erasure."""
