"""The faults of `make teeth` can be planted: code that moved on does not leave them behind."""

import pytest

from tests.teeth.__main__ import ROOT, Fault, faults


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.name)
def test_what_a_fault_changes_stands_once_and_its_test_is_there(fault: Fault) -> None:
    assert (ROOT / fault.file).read_text().count(fault.old) == 1
    file, _, name = fault.test.partition("::")
    assert (ROOT / file).exists()
    assert not name or f"def {name}(" in (ROOT / file).read_text()
