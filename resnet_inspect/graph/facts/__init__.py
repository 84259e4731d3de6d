"""Numbers of a Graph: work, memory, passes over memory, receptive field. No Report is made here."""
