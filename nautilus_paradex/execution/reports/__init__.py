"""What the venue holds, read over REST for the platform's reconciliation; in at `reports`.

`mass_status` is all of it at once: `venue_state` reads until the parts belong together, `alignment`
cuts what would not settle to one moment, `maker` puts it into the platform's words, and `openings`,
`sequence` and `lost_fills` see to it that the engine makes of it what is real. `protection` tells
which positions stand without a stop.
"""
