"""What computes: device peaks with their sources, this machine, ceilings, the floor as a number."""
