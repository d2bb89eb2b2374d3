"""How requests reach the planes.

    http        strict HTTP/1 on a client's connection, to the plane that answers
    process     the supervisor, and the worker processes that serve
    context     what the parts of one worker share
    descriptors how many files and connections a process may have open

Of tokens and limits this room knows nothing; it stops a worker by the data plane's own means.
"""
