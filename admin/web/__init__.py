"""From a request to a view and back: sessions, roles, CSRF, errors, rendering."""
