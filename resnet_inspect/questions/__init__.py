"""Graph -> Report, one module a question."""
