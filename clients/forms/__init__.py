"""Forms of tenants: they validate and never store.

Each area of a client is one form, used as a step of Add Client, on its Options page, and to check
a file given to ``create_client``.
"""
