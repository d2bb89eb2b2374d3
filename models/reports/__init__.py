"""Sums over time, from counters: dashboards and usage reports."""
