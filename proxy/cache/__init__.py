"""Answers that are kept, and given again to the requests that are the same.

A request that may be answered so has a key. What is under it is looked for in the
worker's memory and in the machine's store; where nothing is, the first request for it makes a
flight, and all others on the machine that come meanwhile follow that one. It decides nothing about
who may ask: its callers have let the request in, and what its key leaves out never crosses.
"""
