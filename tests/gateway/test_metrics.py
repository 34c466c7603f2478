"""Metrics without a lock say what the library's would."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY, CollectorRegistry, Histogram

from gateway.metrics import Spread

BOUNDS = (0.001, 0.0025, 0.01, 0.1, 1.0, 5.0)
VALUES = st.lists(st.sampled_from([0.0, *BOUNDS]) | st.floats(0.0, 10.0))


@given(VALUES)
def test_a_spread_is_the_librarys_histogram(values: list[float]) -> None:
    theirs = CollectorRegistry()
    histogram = Histogram("spread_of_a_test", "For a test.", buckets=BOUNDS, registry=theirs)
    spread = Spread("spread_of_a_test", "For a test.", BOUNDS)
    REGISTRY.unregister(spread)
    for value in values:
        histogram.observe(value)
        spread.observe(value)
    [expected], [seen] = theirs.collect(), spread.collect()
    wanted = [sample for sample in expected.samples if not sample.name.endswith("_created")]
    assert seen.samples == wanted
    assert (seen.name, seen.type, seen.documentation) == (expected.name, expected.type, expected.documentation)
