"""Hypothesis runs the same examples every time, and is never failed for a busy machine."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "ci", deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("ci")
