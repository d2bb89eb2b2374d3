"""HTTP/1 for clients, by a protocol of our own.

    listening    the server, with Sanic's listeners around it
    connection   one client: heads, time limits, back-pressure, the end; whose request it is
    downstream   one request and its response, for the data plane and for Sanic
    body         the request's body; pace: how fast it has to come
    planes       Sanic as an ASGI application, for all but the data plane
    framing      bytes to heads, without waiting
    faults       what is wrong with a message, and how that is answered
    chunked      bytes to pieces of chunked bodies, likewise
    paths        which paths another reader could take for others
    connections  how many there may be, and which make way; turned_away: those with no room
    refusals, disconnect    a refusal's bytes; whether a client has left
    routing, fallback, health    what Sanic is given: methods, errors, `/health` and the like

What is used of Sanic is its public interface, in `listening`, `planes`, `routing`, `fallback` and
`health`: `create_server` with a protocol, the ASGI callable, `Router.get`, `ErrorHandler.default`.
"""
