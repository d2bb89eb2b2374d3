"""What forms may hold, one module per page family; the rules themselves are `models.rules`."""
