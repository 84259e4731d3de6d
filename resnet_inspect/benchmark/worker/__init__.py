"""What runs in the process that is measured: the second home of torch."""
