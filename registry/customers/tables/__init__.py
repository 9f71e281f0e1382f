"""Tables and settings of others: what their columns mean, and a link of any two files."""
