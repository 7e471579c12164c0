"""Named points at which a test kills the process, to see what is left behind.

``reached("mail.claimed")`` does nothing unless the environment variable TRUNKPORTAL_CRASH_AT holds
that very name; then the process kills itself as ``kill -9`` would: no clean-up, no rollback sent,
nothing acknowledged. Only tests set the variable, in the environment of the worker they start
(``celery worker --pool solo``, so that the process is the worker). Name a point after what has just
been done: ``topic.done_thing``.
"""

import os
import signal

_CRASH_AT = os.environ.get("TRUNKPORTAL_CRASH_AT", "")


def reached(name: str) -> None:
    """Die here when the test has asked for it."""
    if name == _CRASH_AT:
        os.kill(os.getpid(), signal.SIGKILL)
