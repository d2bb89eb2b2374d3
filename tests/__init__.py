"""Tests mirror the rooms; tests/system runs real processes."""
