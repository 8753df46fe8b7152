"""Faults on a running emulated cell: `cell fault`."""
