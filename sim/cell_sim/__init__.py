"""The simulated cell: plant, virtual drives on pseudo-terminals, and the host that runs it on simulated time."""
