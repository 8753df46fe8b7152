"""One description of a cell's mechanisms, computed from the cell file, and its writers."""
