"""The venue itself: accounts and orders in, events out. No sockets, no clock, no asyncio."""
