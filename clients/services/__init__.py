"""Writes of tenants.

Functions named ``…_insert`` and those that take an object write inside the caller's transaction;
the others are one durable transaction each.
"""
