"""Episodes: whole cells on simulated time, a schedule of faults, and a person who gets them going again."""
