"""What upstream accounts keep: which account an id is known to, and whose it is.

`rules` says what a route has to do with objects, `named` finds the ids that a request names,
`telling` and `watch` those that an answer tells of; `index` remembers them for a worker, with
`machine` for what its siblings wrote and the database for all else, and `pinning` decides where a
request goes. A project with one account that isolates nobody passes through none of it.
"""
