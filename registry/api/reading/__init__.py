"""How questions are read: from the rooms' declarations to one SQL statement, or to the executor."""
