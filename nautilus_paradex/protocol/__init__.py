"""What Paradex speaks: vocabularies, messages, the binary feed, signing. No I/O, no platform.

Module by module: `enums` the venue's words, `numbers` its numbers, `events` its events in one form,
`sbe` the binary feed, `rest` and `json_feed` the JSON shapes, `conversion` from those to events,
`rpc` the socket's control plane, `channels` the channel names, `signing` Starknet signatures,
`environment` where the servers are, `errors` what can be wrong with all that.
"""
