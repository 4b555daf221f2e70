"""What holds for every test: examples of property tests have no deadline.

A busy machine is no failure; a test that hangs is ended by whoever runs the suite.
"""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
