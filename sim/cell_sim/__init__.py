"""The simulated cell: plant, virtual drives on pseudo-terminals, and the host on simulated time."""
