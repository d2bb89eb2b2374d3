"""The `llm-proxy` command: one module per noun, working directly on the database."""
