"""The `llm-proxy` command: one module per noun, working directly on the database.

    __main__  the table of commands, each loaded when it is used; errors become exit codes
    session   configuration, schema and connection around a command; who acts
    options   the arguments and options that several commands take
    output    tables, JSON and messages, safe to print
    prompts   what is asked for: secrets, confirmations

The rules are the models': a command finds what it is about, calls a domain method and prints. It
needs no server; a running one sees the change at its next request.
"""
