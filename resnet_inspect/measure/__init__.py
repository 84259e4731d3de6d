"""Measuring without torch: what to sample, when to stop, what the samples say."""
