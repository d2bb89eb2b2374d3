"""What pages are made of: tables, charts, filters, confirmations."""
