"""What strategies ask for: checked, signed and sent to the venue; in at `front`.

`submission`, `modification` and `cancellation` do their part, `contingencies` keeps the orders of a
list in step. They have `request_signer` sign and a `route` carry; `under_way` keeps what has not
shown its effect yet. What the platform has no message for comes in at `venue_commands`.
"""
