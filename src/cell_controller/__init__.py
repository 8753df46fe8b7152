"""Controller of a manufacturing cell: friction stir weld robots, grinding spindles and conveyors."""
