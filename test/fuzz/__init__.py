"""The drive bus against a slave that answers everything but right; `make fuzz`."""
