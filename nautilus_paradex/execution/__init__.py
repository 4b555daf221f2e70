"""The Nautilus execution client of Paradex: `client` ties its rooms together.

`commands` takes what strategies ask for to the venue; `orders` takes what the venue says of orders
to the platform; `account` is what the account holds and what moves it other than by orders;
`reports` reads all of it over REST for reconciliation. `private_stream` hands each message of the
account's channels to the room it is for, unless `takeover` keeps it while the platform works a
mass status in; `catching_up` visits all of them after a reconnection. `system_watch` follows the
state of the venue itself. `platform` is what all of them know of the platform.
"""
