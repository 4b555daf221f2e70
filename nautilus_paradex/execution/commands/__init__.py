"""What strategies ask for: checked, signed and sent to the venue; in at `front`.

`submission`, `modification` and `cancellation` do their part. `contingencies` takes order lists and
keeps back what has to wait, `exits` decides what is to be done about the orders of a list, `keeper`
does it. They hold what they send against the venue's `limits`, have `request_signer` sign and a
`route` carry; `under_way` keeps what has not shown its effect yet. What the platform has no message
for comes in at `venue_commands`.
"""
