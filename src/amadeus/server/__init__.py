"""The server: composing over HTTP, for pages and for programs.

limits            how much anybody may ask for
models            what goes over the wire
engine            the one thread that composes, everybody's pieces together; whether it is stuck
composing         a composer for one job, whose pieces the engine composes
tasks             what each kind of job does, and what it is checked for before it waits
jobs, turns       a job and its events; whose turn it is
runner            takes jobs from waiting to their end, and ends those that are stuck
store             the pieces that are kept, or held in memory until there is room
database, disk    SQLite on a disk that may be full; files that only their owner can read
making, workshop  files, captions and numbers made of pieces, in a process of their own
files             the files that were made, kept as long as there is room
view              a score as JSON
guard             who may ask: hosts, origins, tokens, sizes; security headers
access_token      the token that is set, in a file or in the environment
throttle          answers wrong tokens late
connections       how many there may be at once
metrics           counters for Prometheus
routes_*          the endpoints; app puts everything together, running runs it
"""
