"""Turn an interface's own document into a connector file, with the reason of every guess."""
