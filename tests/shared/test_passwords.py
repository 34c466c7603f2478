"""Passwords: what is stored opens with one word only, and unknown people cost what known ones cost."""

from argon2 import extract_parameters

from shared.passwords import NOBODYS, hash_password, needs_rehash, password_matches


def test_only_the_right_password_matches() -> None:
    stored = hash_password("right")
    assert (password_matches(stored, "right"), password_matches(stored, "wrong")) == (True, False)


def test_unknown_people_cost_what_known_ones_cost() -> None:
    assert extract_parameters(NOBODYS) == extract_parameters(hash_password("any"))
    assert not needs_rehash(NOBODYS)


def test_nobody_has_no_password() -> None:
    assert not password_matches(None, "")
    assert not password_matches(None, NOBODYS)
