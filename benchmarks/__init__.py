"""What LLM Proxy costs, measured beside what else could stand in its place.

    python -m benchmarks --quick

Everything of one run happens on one machine within minutes, because only ratios within one run
compare: the system under test alone on one core, the load generator and the upstream on another.

    machine      cores, limits, and what there is to say about where this ran
    processes    a contender's processes: started on a core, accounted for, surely stopped
    contenders   who takes part, and how each is started
    servers/     the small servers that exist only to be measured against
    target       where requests go, and their bytes
    closed_loop, open_loop, streams, wrk     ways to make load
    throughput, latency, streaming, memory, soak, rows     what is measured, a module per table
    hostile, attacks, honest     whether one client can stop another (`--part hostile`)
    in_memory, steps     what a request takes past sockets, counted without a clock
    shares       where a worker's time goes, from a profile
    postgres     what limits on PostgreSQL bear, in the hands of one service and of two
    results      the values a run ends in, which are also its JSON
    report       the tables

Nothing here asserts a time. It stands outside the product, and sees no more of it than a client
and an operator do (but `rows`, which fills a database faster than any door would, and `in_memory`,
which is a worker).
"""
