"""Real processes that are killed, starved and cut off, and what is true afterwards.

`docs/reliability.md` is the table that these tests hold.
"""
