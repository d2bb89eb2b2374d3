"""The benchmarks run; how fast anything is, is not asserted anywhere."""
