"""What holds for every test: examples of property tests have no deadline, nor has making them.

A busy machine is no failure; a test that hangs is ended by whoever runs the suite.
"""

from hypothesis import HealthCheck, settings

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
