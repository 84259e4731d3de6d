"""Graph, Record or answer to Chart: one module a picture."""
