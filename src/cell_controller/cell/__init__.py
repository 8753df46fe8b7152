"""The cell as a whole: manager, orders, parts, zones, recovery, alarms; and the run of an order."""
