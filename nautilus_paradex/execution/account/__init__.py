"""What the account holds, and what moves it other than by orders; messages come in at `front`.

`balances` tells collateral and margin, `positions` holds the platform's against the venue's,
`busts` undoes fills that were taken back, `funding` publishes payments. `commission` knows what a
fill costs, `margin` sets leverages, `spot` says what a position is where the venue has none.
"""
