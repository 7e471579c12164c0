"""Mails of the portal: queued in a service's transaction, sent by a worker after its commit.

``queue`` writes the row, ``render`` makes the text at the moment of sending, ``delivery`` speaks to
the mail server, ``sending`` claims a row and records what became of it, ``links`` are the one-time
links that take a password's place.
"""

from accounts.mail.queue import limit_warning_queue, send_again, trunk_details_queue

__all__ = ["limit_warning_queue", "send_again", "trunk_details_queue"]
