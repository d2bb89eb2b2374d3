"""The journal: one line per request, appended before the answer ends, counted exactly once."""
