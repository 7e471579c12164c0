"""PostgreSQL and Valkey from wheels, so that a clone runs with no service installed.

``addresses`` says where the servers of a data folder are, ``running`` makes sure that they are
there. Neither needs Django. Ordinary servers, named by ``DATABASE_URL`` and ``REDIS_URL``, take
the place of these.
"""

from trunkportal.embedded.addresses import Addresses, addresses
from trunkportal.embedded.servers import EmbeddedServerError, running, stop_unused

__all__ = ["Addresses", "EmbeddedServerError", "addresses", "running", "stop_unused"]
