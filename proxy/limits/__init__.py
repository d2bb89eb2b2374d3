"""Quotas, rates and slots: one interface, `store`, over SQLite and PostgreSQL."""
