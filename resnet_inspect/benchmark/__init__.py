"""A benchmark from request to Record, without torch; its torch half is ``benchmark.worker``."""
