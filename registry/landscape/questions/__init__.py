"""Questions about the landscape, each with one implementation for model files and the hub."""
