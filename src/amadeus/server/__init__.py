"""The HTTP server, for the studio in the browser and for other programs.

limits            how much a client may ask for
models            response bodies
requests          request bodies
engine            the thread that composes all pieces in one batch
job_runner        composes the requests of one job in the engine
tasks             the work of each kind of job, validated before it is queued
jobs              a job and its events
fair_queue        which waiting job starts next
scheduler         starts jobs, stores their pieces, and ends jobs that are stuck
store             stored pieces, and pieces in memory until there is disk space
database, disk    SQLite that survives a full disk; files that only their owner can read
worker_process    a separate process for file conversion and analysis
worker_functions  what runs there: rendering, captions, evaluation
file_cache        rendered files, deleted oldest first when the cache is full
view              a score as JSON
guard             hosts, origins, access tokens, body sizes; security headers
access_token      reads the access token from a file or the environment
throttle          delays the answers to wrong access tokens
connections       how many connections may be open at once
metrics           counters for Prometheus
static_files      files that browsers cache and revalidate
reference         the API reference as an HTML page
services          the objects that the endpoints share
errors            exceptions to HTTP responses
routes_*          the endpoints; app assembles them, running runs the server
"""
