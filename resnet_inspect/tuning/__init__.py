"""The fastest configuration of a net on this machine, found by racing."""
