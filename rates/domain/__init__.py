"""What rates are made of, without a database."""

import re

PREFIX = re.compile(r"[A-Z]{2}:[0-9]{0,15}|[0-9]{1,15}")
"""Digits of the international form without ``+``; short codes as ``GB:118``, all with ``GB:``."""
