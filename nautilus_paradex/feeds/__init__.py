"""
The engine room of the data client: from frames to emitted data, and from requests to answers.

`data.py` is the platform's side of it. Not for orders and accounts: see `execution`.
"""
