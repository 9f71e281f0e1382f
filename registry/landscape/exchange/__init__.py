"""Exchange formats: architecture models from files into memory and back, without loss."""
