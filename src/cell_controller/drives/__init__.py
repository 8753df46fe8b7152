"""Drives on serial lines: profiles as data, codecs, line timing, the bus. Only this room knows registers."""
