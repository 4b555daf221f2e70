"""What becomes of an order: the venue's messages about it, told to the platform.

All news (streams, replies, look-ups) comes in at `events`; `followed` has how each order stands.
What the news means is decided by `state`, as plain `actions`, which `emitter` tells. News that
leaves something open is the matter of `watch`, news that stays away that of `recovery`, and an
answer that does that of `in_doubt`; `lookup` has the questions that they ask, `survey` the one that
asks for many orders at once.
"""
