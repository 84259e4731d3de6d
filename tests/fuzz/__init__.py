"""Hostile command lines, Records and TOML files, and what must hold of every answer."""
