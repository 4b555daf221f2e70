"""The demo: a small strategy on a local venue, watched live and checked against the venue's books.

`command` is the way through it, `strategy` trades, `stats` counts, `screen` shows, `venue` is where
it happens, `truth` what the venue says happened, `session` the node in between.
"""
