"""Proof that every drive stops when its line falls silent: the trial, what is kept of it, what follows."""
