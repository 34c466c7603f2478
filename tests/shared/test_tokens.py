"""JSON Web Tokens: what proves who is asking, and every trick that does not (2-http-api 2.6, 5-security)."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from shared.domain.words import Role
from shared.jwks import Jwks
from shared.settings import Settings
from shared.tokens import CLOCK_SKEW, MAX_LIFE, MAX_TOKEN_BYTES, InvalidToken, Tokens

SECRET = "a secret of at least thirty-two bytes"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
SOMEBODY = uuid4()
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
KINDS: dict[str, RSAKey | ECKey | OKPKey] = {"RS256": RSA, "ES256": EC, "EdDSA": ED}
OUTSIDE = ["HS256", "RS256", "ES256", "EdDSA"]


def settings(**more: Any) -> Settings:
    """Settings without services."""
    return Settings(database_url="postgresql://x/y", redis_url="redis://x", secret_key=SECRET, **more)


@pytest.fixture
def local() -> Tokens:
    """Tokens of a campus with local accounts only."""
    return Tokens(settings())


@pytest.fixture
def outside() -> Tokens:
    """Tokens of a campus that also trusts an outside issuer."""
    keys = KeySet([RSA, EC, ED, OctKey.import_key(SECRET, {"kid": "shared"})])
    return Tokens(settings(jwt_algorithms=OUTSIDE), lambda: keys)


def claims(**other: Any) -> dict[str, Any]:
    """What a good token says, with changes; None takes a claim out."""
    seconds = int(NOW.timestamp())
    good: dict[str, Any] = {
        "sub": str(SOMEBODY),
        "role": "STUDENT",
        "iss": "muster",
        "aud": "muster",
        "iat": seconds,
        "exp": seconds + 3600,
    }
    return {name: value for name, value in {**good, **other}.items() if value is not None}


def b64(value: bytes) -> str:
    """As a JWT writes it."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def raw(header: Any, payload: Any, key: bytes = SECRET.encode()) -> str:
    """A token signed with HMAC-SHA256 whatever its header says, as an attacker would."""
    head, body = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    signed = f"{b64(head)}.{b64(body)}"
    return f"{signed}.{b64(hmac.digest(key, signed.encode(), hashlib.sha256))}"


HS = {"alg": "HS256", "kid": "local"}


def refused(tokens: Tokens, token: str) -> str:
    """Why a token is refused."""
    with pytest.raises(InvalidToken) as error:
        tokens.verify(token, NOW)
    return str(error.value)


def test_a_token_says_who_it_was_issued_to(local: Tokens) -> None:
    token, identity = local.issue(SOMEBODY, Role.TEACHER, NOW, timedelta(hours=1))
    assert local.verify(token, NOW) == identity
    assert (identity.user_id, identity.role, identity.expires_at) == (SOMEBODY, Role.TEACHER, NOW + timedelta(hours=1))


def test_an_issued_token_lives_a_day_at_most(local: Tokens) -> None:
    _, identity = local.issue(SOMEBODY, Role.TEACHER, NOW, timedelta(days=9))
    assert identity.expires_at == NOW + MAX_LIFE


def test_a_token_made_by_hand_is_the_yardstick(local: Tokens) -> None:
    """Every trick below is this token with one change."""
    assert local.verify(raw(HS, claims()), NOW).user_id == SOMEBODY


# --- claims -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["exp", "iat", "iss", "aud", "sub", "role"])
def test_every_claim_is_required(local: Tokens, name: str) -> None:
    refused(local, raw(HS, claims(**{name: None})))


@pytest.mark.parametrize(
    "change",
    [
        {"exp": SECONDS},
        {"exp": SECONDS - 1},
        {"exp": SECONDS + 86_401},
        {"exp": 2**63},
        {"exp": 10**400},
        {"exp": -1},
        {"exp": True},
        {"exp": str(SECONDS + 60)},
        {"exp": [SECONDS + 60]},
        {"iat": SECONDS + 31, "exp": SECONDS + 60},
        {"iat": SECONDS - 86_400, "exp": SECONDS + 1},
        {"iat": "now"},
        {"nbf": SECONDS + 31},
        {"nbf": "x"},
        {"iss": "somebody"},
        {"iss": ["muster"]},
        {"iss": "muster "},
        {"aud": "somebody"},
        {"aud": []},
        {"aud": {"muster": 1}},
        {"aud": "muster2"},
        {"sub": "admin"},
        {"sub": 7},
        {"sub": ["x"]},
        {"sub": ""},
        {"role": "ROOT"},
        {"role": "student"},
        {"role": ["ADMIN"]},
        {"role": {"a": 1}},
    ],
    ids=str,
)
def test_a_claim_out_of_bounds_is_refused(local: Tokens, change: dict[str, Any]) -> None:
    refused(local, raw(HS, claims(**change)))


@pytest.mark.parametrize(
    "change",
    [
        {"exp": SECONDS + 86_400},
        {"exp": SECONDS + 1},
        {"exp": SECONDS + 0.5},
        {"iat": SECONDS + 30},
        {"nbf": SECONDS},
        {"aud": ["others", "muster"]},
        {"extra": {"a": [1]}},
        {"jti": 7},
    ],
    ids=str,
)
def test_a_claim_within_bounds_is_accepted(local: Tokens, change: dict[str, Any]) -> None:
    assert local.verify(raw(HS, claims(**change)), NOW).user_id == SOMEBODY


@pytest.mark.parametrize("given", [7, "", "x" * 129, "\ud800", "a\nb"])
def test_an_id_that_cannot_be_written_down_is_the_tokens_digest(local: Tokens, given: Any) -> None:
    token_id = local.verify(raw(HS, claims(jti=given)), NOW).token_id
    assert len(token_id) == 64
    assert token_id.isascii()


def test_an_outside_issuers_clock_may_be_a_little_ahead() -> None:
    assert timedelta(seconds=30) == CLOCK_SKEW


@pytest.mark.parametrize("payload", [[], None, 1, "x", b"", b"{", b"\xff", b'{"a":' * 500, b"[" * 2000, b"{}"])
def test_a_payload_that_is_no_set_of_claims_is_refused(local: Tokens, payload: Any) -> None:
    refused(local, raw(HS, payload))


def test_not_a_number_is_no_time(local: Tokens) -> None:
    body = json.dumps(claims(exp=float("nan"))).encode()
    refused(local, raw(HS, body))


# --- algorithms and keys ----------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", "HS384", "HS512", "hs256", "RS256", "dir"])
def test_an_algorithm_that_is_not_on_the_list_is_refused(local: Tokens, algorithm: str) -> None:
    refused(local, raw({**HS, "alg": algorithm}, claims()))


@pytest.mark.parametrize("signature", ["", "AA", "x"])
def test_alg_none_is_refused_with_any_signature(outside: Tokens, signature: str) -> None:
    head, body = b64(b'{"alg":"none"}'), b64(json.dumps(claims()).encode())
    refused(outside, f"{head}.{body}.{signature}")


@pytest.mark.parametrize("kid", ["rsa", None, "local"])
def test_a_public_key_is_no_shared_secret(outside: Tokens, kid: str | None) -> None:
    """Algorithm confusion: HS256 signed with the RSA public key, in every form it is published in."""
    header = {"alg": "HS256"} if kid is None else {"alg": "HS256", "kid": kid}
    forms = [RSA.as_pem(private=False), json.dumps(RSA.as_dict(private=False)).encode()]
    for form in (*forms, forms[0].strip(), forms[0] + b"\n"):
        refused(outside, raw(header, claims(), form))


def test_a_secret_in_the_jwks_is_no_key(outside: Tokens) -> None:
    refused(outside, raw({"alg": "HS256", "kid": "shared"}, claims()))


@pytest.mark.parametrize("header", [{"jwk": RSA.as_dict(private=False)}, {"jku": "https://evil.test"}, {"x5c": ["a"]}])
def test_a_key_that_the_token_brings_along_is_no_key(outside: Tokens, header: dict[str, Any]) -> None:
    mine = RSAKey.generate_key(2048, {"kid": "rsa"})
    if "jwk" in header:
        header = {"jwk": mine.as_dict(private=False)}
    refused(outside, jwt.encode({"alg": "RS256", "kid": "rsa", **header}, claims(), mine))


@pytest.mark.parametrize("kid", ["other", "", "LOCAL", "../local", 7, ["local"], {"a": 1}])
def test_an_unknown_kid_is_refused(outside: Tokens, kid: Any) -> None:
    refused(outside, raw({"alg": "HS256", "kid": kid}, claims()))


@pytest.mark.parametrize("algorithm", KINDS)
def test_an_outside_key_needs_its_exact_kid(outside: Tokens, algorithm: str) -> None:
    key = KINDS[algorithm]
    assert outside.verify(jwt.encode({"alg": algorithm, "kid": key.kid}, claims(), key, [algorithm]), NOW)
    for kid in ({}, {"kid": "other"}, {"kid": str(key.kid).upper()}):
        refused(outside, jwt.encode({"alg": algorithm, **kid}, claims(), key, [algorithm]))


def test_a_key_without_a_kid_is_never_used() -> None:
    """Otherwise a token without one would choose it."""
    nameless = RSAKey.import_key({name: value for name, value in RSA.as_dict(private=True).items() if name != "kid"})
    keys = KeySet.import_key_set({"keys": [nameless.as_dict(private=False)]})
    tokens = Tokens(settings(jwt_algorithms=["RS256"]), lambda: keys)
    refused(tokens, jwt.encode({"alg": "RS256"}, claims(), nameless))


@pytest.mark.parametrize("algorithm", KINDS)
def test_one_kind_of_key_is_not_used_for_another(outside: Tokens, algorithm: str) -> None:
    """A token that names the kid of another kind's key."""
    for other, key in KINDS.items():
        if other != algorithm:
            token = jwt.encode({"alg": algorithm, "kid": key.kid}, claims(), KINDS[algorithm], [algorithm])
            refused(outside, token)


def test_without_outside_keys_outside_tokens_are_refused() -> None:
    tokens = Tokens(settings(jwt_algorithms=OUTSIDE))
    refused(tokens, jwt.encode({"alg": "RS256", "kid": "rsa"}, claims(), RSA))


def test_a_local_token_is_refused_where_only_outside_ones_are_allowed() -> None:
    refused(Tokens(settings(jwt_algorithms=["RS256"])), raw(HS, claims()))


def test_a_wrong_secret_is_refused(local: Tokens) -> None:
    assert "BadSignature" in refused(local, raw(HS, claims(), b"x" * 40))


def test_every_character_of_a_token_matters(local: Tokens) -> None:
    """But for the last one of a part, whose lowest bits base64 does not use."""
    token = raw(HS, claims())
    for place, right in enumerate(token[:-1]):
        wrong = token[:place] + ("A" if right != "A" else "B") + token[place + 1 :]
        refused(local, wrong)


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "...", "a.b.c", "a.b", "a.b.c.d.e", "é.é.é", "\0.\0.\0", " ", "null", "x" * 4096, "." * 4096],
)
def test_garbage_is_refused(local: Tokens, text: str) -> None:
    refused(local, text)


def test_a_token_too_long_is_refused_before_it_is_read(local: Tokens) -> None:
    token = raw(HS, claims(padding="x" * 5000))
    assert len(token) > MAX_TOKEN_BYTES
    assert refused(local, token) == "too long"
    assert refused(local, "x" * 5000) == "too long"


@pytest.mark.parametrize("header", [{"crit": ["x"], "x": 1}, {"b64": False, "crit": ["b64"]}, {"zip": "DEF"}])
def test_a_header_that_changes_the_meaning_is_refused_or_means_nothing(local: Tokens, header: dict[str, Any]) -> None:
    token = raw({**HS, **header}, claims())
    try:
        assert local.verify(token, NOW).user_id == SOMEBODY
    except InvalidToken:
        return
    assert "crit" not in header


@pytest.mark.parametrize(
    "header", [[], None, 1, "x", b"", b"{", b"\xff", b"[" * 2000, {"alg": ["HS256"]}, {"alg": None}]
)
def test_a_header_that_is_none_is_refused(local: Tokens, header: Any) -> None:
    refused(local, raw(header, claims()))


# --- remembering ------------------------------------------------------------------------------------------


def test_a_remembered_token_ends_with_its_life(local: Tokens) -> None:
    token, identity = local.issue(SOMEBODY, Role.STUDENT, NOW, timedelta(minutes=1))
    assert local.recall(token, NOW) is None
    local.remember(token, identity)
    assert local.recall(token, NOW + timedelta(seconds=59)) == identity
    assert local.recall(token, NOW + timedelta(seconds=60)) is None
    assert local.recall(token, NOW) is None


def test_dead_tokens_are_forgotten_and_others_kept(local: Tokens) -> None:
    issued = [local.issue(SOMEBODY, Role.STUDENT, NOW, timedelta(hours=1)) for _ in range(2)]
    for token, identity in issued:
        local.remember(token, identity)
    local.forget(lambda identity: identity.token_id == issued[0][1].token_id)
    assert [local.recall(token, NOW) is None for token, _ in issued] == [True, False]


def test_the_memory_is_bounded(local: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.tokens.REMEMBERED", 3)
    _, identity = local.issue(SOMEBODY, Role.STUDENT, NOW, timedelta(hours=1))
    for name in "abcd":
        local.remember(name, identity)
    assert [local.recall(name, NOW) is None for name in "abcd"] == [True, False, False, False]


def test_a_token_without_an_id_gets_one_from_its_text(local: Tokens) -> None:
    """Logging out must kill it, and it alone."""
    first, second = [local.verify(raw(HS, claims(n=number)), NOW).token_id for number in range(2)]
    assert first != second
    assert len(first) == 64


# --- a key set in a file ----------------------------------------------------------------------------------


def write(path: Path, *keys: Any) -> None:
    """A JWKS file."""
    path.write_text(json.dumps({"keys": [key.as_dict(private=False) for key in keys]}))


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A file with one key of each kind."""
    path = tmp_path / "jwks.json"
    write(path, RSA, EC, ED)
    return path


def signed(algorithm: str) -> str:
    """A token of the outside issuer."""
    key = KINDS[algorithm]
    return jwt.encode({"alg": algorithm, "kid": key.kid}, claims(), key, [algorithm])


@pytest.mark.parametrize("algorithm", KINDS)
def test_keys_are_read_from_a_file(published: Path, algorithm: str) -> None:
    jwks = Jwks(str(published))
    tokens = Tokens(settings(jwt_algorithms=OUTSIDE, jwks=str(published)), jwks)
    refused(tokens, signed(algorithm))
    jwks.refresh()
    assert tokens.verify(signed(algorithm), NOW).user_id == SOMEBODY


def test_keys_rotate(published: Path) -> None:
    """The new key works at the next reading, and the old one no more."""
    jwks = Jwks(str(published))
    tokens = Tokens(settings(jwt_algorithms=OUTSIDE), jwks)
    jwks.refresh()
    write(published, EC)
    jwks.refresh()
    assert tokens.verify(signed("ES256"), NOW)
    refused(tokens, signed("RS256"))


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"keys": 1}', '{"keys": [{"kty": "RSA"}]}', "\x00", "null"])
def test_an_unreadable_file_leaves_the_last_good_keys(published: Path, content: str) -> None:
    jwks = Jwks(str(published))
    jwks.refresh()
    published.write_text(content)
    jwks.refresh()
    assert Tokens(settings(jwt_algorithms=OUTSIDE), jwks).verify(signed("RS256"), NOW)


def test_a_missing_file_is_no_crash(tmp_path: Path) -> None:
    jwks = Jwks(str(tmp_path / "none.json"))
    jwks.refresh()
    assert jwks() is None


@pytest.mark.parametrize("url", ["http://issuer.test/jwks", "ftp://issuer.test/jwks", "file:///etc/passwd"])
def test_keys_come_over_https_or_from_a_path_only(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        settings(jwks=url)
