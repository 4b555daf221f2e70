"""What holds for every test: the same examples in each run, and no time limit for them.

The verdict on a commit is repeatable, and a busy machine is no failure; a test that hangs is ended
by whoever runs the suite. With ``PARADEX_NT_EXAMPLES`` set, examples are drawn anew.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize="PARADEX_NT_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")
