"""How fast pgwhen is, as ratios to a peer that is measured in the same run: ``python -m bench [a b c d e f]``.

capture     (a) what an attached table costs the application
execution   (b) the database's side of an execution, beside floor.sql, the least that PostgreSQL has to do for one
dispatch    (c) what active workflows cost that an event excludes
delivery    (d) rows to HTTP requests through one poller, beside pgmq_loop, and (f) the same to a slow endpoint
latency     (e) from a commit to the request's arrival

server      the PostgreSQL and the databases that they run on
figures     what comes out, and how it is printed
sink        where the requests arrive
"""
