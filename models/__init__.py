"""The data room: what is stored, and the rules that hold for it.

Domain rules live on the models, so that the API, the admin and the command line, which call the
same methods, all audit and invalidate alike. This room knows no web framework and none of the
other rooms; its errors are in `errors.py`.
"""
