"""Real processes on real sockets, as they are used: a service, an upstream, a client."""
