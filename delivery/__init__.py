"""Delivery: what the ledger and the events put into the outbox, sent to destinations.

    courier      the worker's: who delivers, what waits, what is beyond the bound
    run          one destination: in order, until nothing waits or the receiver fails
    backoff      when a receiver that failed is asked again
    items        rows of the outbox with what is sent of them
    senders      which sender a destination has; webhook, otlp, langfuse and jsonl are the kinds
    sending      what comes of an attempt, in words that all senders share
    protobuf     spans as bytes
    posting      one POST: every dial checked, bounded in time and bytes
    testing      "send a test"

It stands beside the path of requests and is in the way of none: it has connections of its own,
holds a few items at once, and reads what it sends from the database.
"""
