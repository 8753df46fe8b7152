"""`cell drives`: commissioning of single drives."""
