"""The fault table of docs/safety.md: measured on running cells by `make fault-table`, drawn from its file."""
