"""The upstream client: targets, connections, a pool of idle ones, dialling.

Written here because it is the piece this project exists for: streamed both ways, raw header lines
kept, a tenth of the cost of a general client. Everywhere else httpx serves. `response` reads bytes
and knows no socket; `source` is what the data path sees of a response; `connection` has the socket
and the deadlines; `dialing` makes connections, to no address that `address_policy` refuses; `pool`
hands them out; `target` says where an attempt goes.
"""
