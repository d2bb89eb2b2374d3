"""Databases: connections, transactions and dialects, apart from what is stored."""
