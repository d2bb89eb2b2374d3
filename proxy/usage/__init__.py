"""What an answer says of its usage, read as it passes, and what it costs."""
