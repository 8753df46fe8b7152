"""SimHost: the whole cell in one process on simulated time."""
