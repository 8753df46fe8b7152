"""What the controller costs and how prompt it is: `make bench`. Each figure stands beside its floor."""
