"""Moves bytes to and from Paradex: REST, WebSocket, session, rate limits, metrics.

Knows no NautilusTrader type; what the bytes mean is `protocol`'s business.
"""
