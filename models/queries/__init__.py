"""Lists, pages and searches over what is stored."""
