"""The Nautilus execution client of Paradex.

Module by module, in the order of a message's way: `commands` from strategy to venue, `order_state`
what the venue's answers mean for an order, `order_events` that told to the platform, `recovery`
what to do when an answer is missing, `reports` the venue's state for reconciliation, `account` the
balances and margins, `client` the platform's class that ties them together.
"""
