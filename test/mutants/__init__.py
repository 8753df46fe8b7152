"""make mutants: small faults, one at a time, in the code that keeps the cell safe; do the tests notice?

The faults are those of mutmut's operators. Its own runner starts pytest anew for each of them, a second or
two; here pytest collects the tests once and forks for each fault, which then costs what its tests cost.
"""
