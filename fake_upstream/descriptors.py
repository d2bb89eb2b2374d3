"""Open files a process may have: thousands of streams need more than the usual soft limit."""

import resource


def allow_descriptors(number: int = 10_000) -> None:
    """Raise the soft limit to so many, as far as the hard limit lets it; never lower it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Infinity is -1 on Linux, and macOS refuses it as a soft limit: hence a number of our own.
    wanted = number if hard == resource.RLIM_INFINITY else min(number, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
