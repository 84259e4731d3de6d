"""What the user typed -> Graph."""
