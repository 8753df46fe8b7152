"""The `cell` command."""
