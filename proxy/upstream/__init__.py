"""The upstream client: what a response is, connections, a pool of idle ones, dialling.

Written here because it is the piece this project exists for: streamed both ways, raw header lines
kept, a tenth of the cost of a general client. Everywhere else httpx serves. `response` reads bytes
and knows no socket; `connection` has the socket and the deadlines; `pool` hands connections out;
`dialing` makes them, to no address that `refused` names.
"""
