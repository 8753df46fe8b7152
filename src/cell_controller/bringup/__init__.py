"""Bring-up: which processes a cell has, how they are started, watched and stopped."""
