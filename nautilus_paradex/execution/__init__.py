"""The Nautilus execution client of Paradex.

Module by module, in the order of a message's way: `commands` is the front of `submission`,
`modification` and `cancellation`, which have `request_signer` sign and `route` carry to the venue,
while `under_way` keeps what has not shown its effect yet; `order_events` is where all news of
orders comes in, `order_state` what it means (with `pending_change` for modifications), as one of
the `order_actions`, `order_emitter` that told to the platform; `order_watch` what to do about news
that leaves something open, `recovery` about news that stays away, `lookup` the questions they ask,
`reports` the venue's state for reconciliation, `spot` where it has balances and no positions,
`account` balances and margins, `commission` what inferred fills cost. What the platform has no
message for is offered by `venue_commands`: `algo` works TWAPs, `margin` sets leverage. `client` is
the platform's class that ties them together.
"""
