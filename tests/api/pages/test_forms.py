"""Where a login may lead."""

import pytest

from api.pages.forms import safe_next


@pytest.mark.parametrize("path", ["/", "/checkin", "/teach/sessions/1/live", "/reports?from=2026-01-01&to=2026-02-01"])
def test_a_path_of_this_site_is_followed(path: str) -> None:
    """It is kept as it is."""
    assert safe_next(path) == path


@pytest.mark.parametrize(
    "path",
    [
        None, "", "teach", "//evil.test", "///evil.test", "/\\evil.test", "\\\\evil.test", "https://evil.test/",
        "javascript:alert(1)", "/\t/evil.test", "/\n/evil.test", " /teach", "/a b", "http:/evil.test", "/\x7f",
    ],
)  # fmt: skip
def test_anything_else_is_not(path: str | None) -> None:
    """Another site, whatever it is disguised as."""
    assert safe_next(path) is None
