"""The upstream client: connections around the httptools parser, a pool of idle ones, dialling.

Written here because it is the piece this project exists for: streamed both ways, raw header lines
kept, a tenth of the cost of a general client. Everywhere else httpx serves.
"""
