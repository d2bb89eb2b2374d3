"""Several upstream accounts behind one project: which is asked, and what comes of its answer.

`rests` knows which are fit, `attempts` tries one after another, `adapting` makes a request as one
account takes it, `retry_after` and `blame` read what an answer says of its key, `sharing` tells
other workers and machines, `examining` asks an upstream itself whether a key is good. A project
with one account passes through none of it, unless that has a provider or names of models of its
own.
"""
