"""How many examples the rules are tried with: a few hundred, or 10,000 with MUSTER_LONG=1."""

import os

from hypothesis import settings

settings.register_profile("rules", max_examples=10_000 if os.environ.get("MUSTER_LONG") == "1" else 300, deadline=None)
