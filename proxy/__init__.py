"""The data plane: `/v1/*`, from a client's token to an upstream's answer and one journal entry.

`handler.py` is the path and reads from top to bottom. `forward.py` sends a request, `responses.py`
makes the heads for the client, `exchange.py` is what is known of a request while it runs,
`downstream.py` the client's side, `model_lists.py` what a token sees of the models,
`batch_results.py` where it fetches a batch's results, `failures.py` what other rooms' exceptions
become. Each folder is a stage of the path, or what a stage is made of:

    access      who asks, and what their token may do
    body        what has to be known of a request's body before it is passed on
    metering    what a request may cost at most, before it is sent
    limits      quotas, rates and slots, decided together in a shared store
    providers   what is known of each upstream API
    upstream    the HTTP client: targets, connections, and responses as sources
    usage       what an answer says of its usage, and what that costs
    journal     entries, from the write that records one to the sinks
    decoding    JSON and content codings

Which of them may import which is an import contract in `pyproject.toml`. This room never imports
`manage` or `admin`.
"""
