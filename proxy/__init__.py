"""The data plane: `/v1/*`, from a client's token to an upstream's answer and one journal entry.

`handler.py` is the path and reads from top to bottom. Each folder is a stage of it, or what a stage
is made of:

    access      who asks, and what their token may do
    body        what has to be known of a request's body before it is passed on
    limits      quotas, rates and slots, decided together in a shared store
    providers   what is known of each upstream API
    upstream    the HTTP client
    usage       what an answer says of its usage, and what that costs
    journal     entries, from the write that records one to the database

This room never imports `manage` or `admin`.
"""
