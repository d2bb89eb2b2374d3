"""The upstream client: what it reads, what it refuses, and what it does when things break."""
