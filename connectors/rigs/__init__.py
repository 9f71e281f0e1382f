"""The sources' side of our own kinds, for the conformance kit; one kind per file."""
