"""The supervisor, its workers, and what they do beside serving."""
