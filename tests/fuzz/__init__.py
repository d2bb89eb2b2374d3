"""Fuzzing of what reads other people's bytes: `python -m tests.fuzz --seconds 600 --seed 1`.

Each target of `targets` is given a message in pieces, as it would arrive, and must hold three
things: nothing is raised but what the room's own errors say, no turn of the event loop takes more
steps than its bound (`turns`), and how the message was cut makes no difference.

`test_targets` is a short run with a fixed seed, and every message of `corpus/` (what was once found
to be wrong, and beginnings worth having). `__main__` is the long one: it prints its seed and writes
down what fails.
"""
