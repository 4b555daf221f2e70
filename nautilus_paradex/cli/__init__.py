"""The command line ``paradex-nt``: one module per command, `main` the way in."""
