"""The `llm-proxy` command: one module per noun, working directly on the database.

    __main__  the entry point: errors become exit codes
    commands  the table of commands, each imported when it is used
    session   configuration, schema and connection around a command; who acts
    options, values    what several commands take, and how it is parsed and checked
    lookup    what an argument names
    output, shown      tables, JSON and messages, safe to print
    prompts   what is asked for: secrets, confirmations

The rules are the models': a command finds what it is about, calls a domain method and prints. It
needs no server; a running one sees the change at its next request.
"""
