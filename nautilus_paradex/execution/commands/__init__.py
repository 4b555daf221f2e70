"""What strategies ask for: checked, signed and sent to the venue; in at `front`.

`submission`, `modification` and `cancellation` do their part; `lists` keeps the orders of a list in
step. They hold what they send against the venue's `limits`, have `request_signer` sign and a
`route` carry; `under_way` keeps what has not shown its effect yet. `query` answers questions of the
platform, `left_over` settles what a killed run had asked. What the platform has no message for
comes in at `venue_commands`.
"""
