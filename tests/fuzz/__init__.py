"""Hostile command lines, Records, Graphs and TOML files, and what must hold of every answer."""
