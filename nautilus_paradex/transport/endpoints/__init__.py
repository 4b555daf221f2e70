"""The REST endpoints in use, one typed coroutine each, grouped by what they are about.

No policy: retries, limits and tokens are the caller's.
"""
