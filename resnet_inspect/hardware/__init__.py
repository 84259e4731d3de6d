"""Peak rates of devices, this machine, and the least time of a network on either."""
