"""Order lists: brackets, OTO, OCO and OUO, which the venue does not know.

`contingencies` takes the lists and keeps back what has to wait; `exits` decides, from how the
orders stand now, what is to be done about each, and `keeper` does it. `wishes` is what strategies
asked for and no order shows, kept for the next run; `order_kin` is how orders hang together.
"""
