"""Single virtual drives on pseudo-terminals, for any master."""
