"""The Nautilus execution client of Paradex.

Module by module, in the order of a message's way: `commands` from strategy to venue, `order_events`
where all news of orders comes in, `order_state` what it means, `order_emitter` that told to the
platform, `recovery` what to do when news stays away, `lookup` the questions it asks, `reports` the
venue's state for reconciliation, `account` balances and margins, `client` the platform's class that
ties them together.
"""
