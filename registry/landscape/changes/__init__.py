"""Changes of the landscape as people agree on them: change-sets, scenarios, undo."""
