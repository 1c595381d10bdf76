"""The log of a live model: a journal that the answer waits for, and a database that follows in batches.

::

    lines.py      one entry, one JSON line, and back
    journal.py    where a worker appends lines before it answers
    drain.py      from journals to the database, exactly once
    engine.py     connections; what is told when there is none
    tables.py     what the database holds
    database.py   writing to it, and reading from it
    traffic.py    counts and latencies by the minute, kept as entries arrive
    retention.py  what is old is deleted; so is one person, when asked
    personal.py   what is kept of a row with personal data
"""
