"""The `llm-proxy` command: one module per noun, working directly on the database.

    __main__  the entry point: errors become exit codes
    command_table  every command as a row, imported when it is used
    commands, transfer  one module per noun; `export` and `import`
    session   configuration, schema and connection around a command; who acts
    options, values    what several commands take, and how it is parsed and checked
    lookup    what an argument names; `names` what ids are called
    output, views      tables, JSON and messages, safe to print; `details` what is said with -v
    prompts   what is asked for: secrets, confirmations
    findings, doctor_places, key_testing, made_up    parts of `doctor`, `key test` and `demo`

The rules are the models': a command finds what it is about, calls a domain method and prints. It
needs no server (but `serve` and `demo`, which are one); a running one sees the change at its next
request.
"""
