"""The server: composing over HTTP, for pages and for programs.

limits            how much anybody may ask for
models            what goes over the wire
engine            the one thread that composes, everybody's pieces together
composing         a composer for one job, whose pieces the engine composes
tasks             what each kind of job does, and what it is checked for before it waits
jobs, turns       a job and its events; whose turn it is
runner            takes jobs from waiting to their end
store             the pieces that are kept, in SQLite
making, workshop  files, captions and numbers made of pieces, in a process of their own
view              a score as JSON
guard             who may ask: hosts, origins, tokens, sizes; security headers
metrics           counters for Prometheus
routes_*          the endpoints; app puts everything together, running runs it
"""
