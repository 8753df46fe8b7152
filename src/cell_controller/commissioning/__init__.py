"""Commissioning of single drives on an open port: found, named, read, compared, moved, their stop proved."""
