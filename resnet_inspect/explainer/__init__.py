"""Lessons on a net and pages on a word or a finding, in the reader's language; every number comes from the graph."""
