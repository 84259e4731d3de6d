"""How long a net takes on a machine, learnt from a few nets that were measured there; nothing here runs a net."""
