"""What may be sent and what comes back: each schema validates, and is in the OpenAPI document."""
