"""The store: what a switch must know, today's counters, live calls and their events.

``policy`` names what is published, ``encode`` packs it, ``publish`` makes it from PostgreSQL,
``functions`` calls the library ``lua/*.lua`` that decides every call.
"""
