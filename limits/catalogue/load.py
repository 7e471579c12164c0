"""Puts destinations into the database in bulk; plain SQL, so that a migration may use it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from limits.catalogue.shipped import ShippedDestination, destinations

_STAGING = """
CREATE TEMPORARY TABLE new_node (path text, parent text, name text, country text, depth int,
    position int, is_leaf bool) ON COMMIT DROP;
CREATE TEMPORARY TABLE new_prefix (prefix text, path text) ON COMMIT DROP;
"""
_NODES = """
INSERT INTO limits_destination (parent_id, name, path, country, position, is_leaf)
SELECT parent.id, n.name, n.path, n.country, n.position, n.is_leaf
FROM new_node n LEFT JOIN limits_destination parent ON parent.path = n.parent
WHERE n.depth = %s ORDER BY n.position
ON CONFLICT (path) DO NOTHING
"""
_PREFIXES = """
INSERT INTO limits_destinationprefix (destination_id, prefix)
SELECT d.id, n.prefix FROM new_prefix n JOIN limits_destination d ON d.path = n.path
ON CONFLICT (prefix) DO UPDATE SET destination_id = EXCLUDED.destination_id
"""
_DROP = "DROP TABLE new_node; DROP TABLE new_prefix"


def load_shipped(cursor: Any) -> None:
    """Load the catalogue that ships with the product, through a Django cursor."""
    load(cursor, destinations(), first_position=1)


def load(cursor: Any, leaves: Iterable[ShippedDestination], *, first_position: int) -> None:
    """Add leaves with the parents their paths name; a prefix moves to the leaf that lists it.

    Destinations that exist are left as they are. New ones are shown after ``first_position`` in
    the order given. Runs inside the caller's transaction.
    """
    nodes: dict[str, tuple[Any, ...]] = {}
    prefixes: list[tuple[Any, ...]] = []
    for leaf in leaves:
        parts = leaf.path.split("/")
        for depth in range(1, len(parts) + 1):
            path, parent = "/".join(parts[:depth]), "/".join(parts[: depth - 1])
            is_leaf = depth == len(parts)
            country = leaf.country if is_leaf or parts[0] == "UK" else ""
            position = first_position + len(nodes)
            node = (path, parent, parts[depth - 1], country, depth, position, is_leaf)
            nodes.setdefault(path, node)
        prefixes.extend((prefix, leaf.path) for prefix in leaf.prefixes)
    cursor.execute(_STAGING)
    _copy(cursor, "new_node", list(nodes.values()))
    _copy(cursor, "new_prefix", prefixes)
    for depth in sorted({node[4] for node in nodes.values()}):
        cursor.execute(_NODES, [depth])
    cursor.execute(_PREFIXES)
    cursor.execute(_DROP)


def _copy(cursor: Any, table: str, rows: list[tuple[Any, ...]]) -> None:
    with cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
