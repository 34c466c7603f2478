"""The comparison of database and ledger: one line per thing that is wrong, none when all is well."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from deploy.cli.history import Broken, check, read_heads
from loadtests.campus import RunningClass
from loadtests.chaos import stored
from loadtests.chaos.calm import Calm
from loadtests.chaos.entries import Done
from loadtests.chaos.ledger import CheckedIn, Ledger
from loadtests.chaos.oracle import (
    wrong_audit,
    wrong_check_in,
    wrong_doubts,
    wrong_mark_history,
    wrong_presence,
    wrong_sitting,
)
from shared.domain.attendance import Tally
from shared.domain.words import Connection as Event
from shared.settings import Settings
from workers.ports import make_ports
from workers.recompute import recompute

PATIENCE = text("SET LOCAL statement_timeout = 0")
_CURRENT = text("SELECT session_id FROM session_suggestions WHERE facts_seen = facts")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong."""

    what: str
    where: str


@dataclass(frozen=True, slots=True)
class Proof:
    """Compares."""

    ledger: Ledger
    classes: Sequence[RunningClass]
    done: Done
    calm: Calm

    @property
    def sessions(self) -> list[UUID]:
        """Every session."""
        return [meeting.session.id for meeting in self.classes]

    def findings(self, owner: Engine, settings: Settings) -> list[Finding]:
        """Everything that is wrong."""
        with _snapshot(owner) as connection:
            found = [
                *self._presence(connection),
                *self._audit(connection),
                *self._check_ins(connection),
                *self._marks(connection),
                *self._tallies(connection),
                *self._dead(connection),
                *self._chain(connection),
                *self._answers(),
            ]
        return [*found, *self._recomputed(settings)]

    def _presence(self, connection: Connection) -> Iterator[Finding]:
        rows = stored.presence(connection, self.sessions)
        for key, stay in self.ledger.stays.items():
            if wrong := wrong_presence(stay, rows.pop(key, None)):
                yield Finding(wrong, f"presence of {key}")
        for key, sitting in self.ledger.sittings.items():
            if wrong := wrong_sitting(*sitting.signs(self.calm), rows.pop(key, None)):
                yield Finding(wrong, f"presence by socket of {key}")
        lives = [life for sitting in self.ledger.sittings.values() for life in sitting.lives]
        if wrong := wrong_doubts(lives, self.calm):
            yield Finding(wrong, "the judge")
        for key in rows:
            yield Finding("presence of somebody who reported nothing", str(key))

    def _audit(self, connection: Connection) -> Iterator[Finding]:
        moments = stored.audit(connection, self.sessions)
        for key, stay in self.ledger.stays.items():
            for event, known in ((Event.CONNECT, stay.connects), (Event.DISCONNECT, stay.disconnects)):
                if wrong := wrong_audit(known, stay.doubts, event, moments.get((key, event.value), [])):
                    yield Finding(wrong, f"events of {key}")
        for key, sitting in self.ledger.sittings.items():
            if len(moments.get((key, Event.CONNECT.value), [])) > len(sitting.lives):
                yield Finding("double: connects of a socket", f"events of {key}")

    def _check_ins(self, connection: Connection) -> Iterator[Finding]:
        rows = stored.check_ins(connection, self.sessions)
        starts = {meeting.session.id: meeting.started_at for meeting in self.classes}
        for key in self.ledger.check_ins.keys() | rows.keys():
            known = self.ledger.check_ins.get(key, CheckedIn())
            if wrong := wrong_check_in(known, rows.get(key, set()), starts[key[0]]):
                yield Finding(wrong, f"check-in of {key}")

    def _marks(self, connection: Connection) -> Iterator[Finding]:
        marks, history = stored.marks(connection, self.sessions), stored.history(connection, self.sessions)
        for key, known in self.ledger.check_ins.items():
            if known.acknowledged and key not in marks:
                yield Finding("lost: no mark for a check-in", str(key))
            status, source = marks.get(key, ("", ""))
            if known.acknowledged and source == "system_default":
                yield Finding("marked absent by default in spite of a check-in", str(key))
            told = {said for said, _ in known.acknowledged.values()}
            if told and source == "qr_checkin" and status.lower() not in told:
                yield Finding("a mark is not what its student was told", str(key))
        for key, changes in history.items():
            by_hand = [new.lower() for _, new, source in changes if source == "manual"]
            if wrong := wrong_mark_history(self.ledger.marks.get(key, []), by_hand):
                yield Finding(wrong, str(key))
            if sum(source == "qr_checkin" for *_, source in changes) > 1:
                yield Finding("double: two marks of one check-in in the history", str(key))
            if marks.get(key, ("", ""))[0] != changes[-1][1]:
                yield Finding("a mark is not what its history says", str(key))
        for key in self.ledger.marks.keys() - history.keys():
            yield Finding("lost: a mark by hand", str(key))

    def _tallies(self, connection: Connection) -> Iterator[Finding]:
        marks = stored.marks(connection, self.sessions)
        counted = Counter((key[0], status) for key, (status, _) in marks.items())
        for meeting in self.classes:
            session = meeting.session.id
            words = ("PRESENT", "LATE", "ABSENT", "EXCUSED")
            present, late, absent, excused = counts = [counted[session, word] for word in words]
            found = stored.tallies(connection, [session])[session]
            if found != Tally(len(meeting.students), present, late, absent, excused, found.connected):
                yield Finding("counters are not those of the marks", str(session))
            if session in self.ledger.ended and sum(counts) != len(meeting.students):
                yield Finding("an ended session has students without a mark", str(session))

    def _dead(self, connection: Connection) -> Iterator[Finding]:
        letters = set(stored.dead_letters(connection))
        for payload in self.done.poison - letters:
            yield Finding("lost: poison that is not in the dead letters", payload[:8].hex())
        for payload in letters - self.done.perhaps_poison:
            yield Finding("a good event died", payload.hex()[:80])

    def _chain(self, connection: Connection) -> Iterator[Finding]:
        try:
            sum(check(connection, read_heads(connection)))
        except Broken as broken:
            yield Finding("history chain", str(broken))

    def _answers(self) -> Iterator[Finding]:
        for status, count in self.ledger.answers.items():
            if status >= 500 and status != 503:
                yield Finding(f"{count} answers of {status}", "API")

    def _recomputed(self, settings: Settings) -> Iterator[Finding]:
        """Everything derived once more: nothing may change."""
        ports = make_ports(settings, "chaos")
        changed: Counter[str] = Counter()
        with ports.engine.connect() as connection:
            current = set(connection.execute(_CURRENT).scalars())
        for _, rows in recompute(ports, [session for session in self.sessions if session in current]):
            changed += rows
        # Who was just noted as gone is news to a suggestion that is computed within half a minute: not yet.
        for _, rows in recompute(ports, [session for session in self.sessions if session not in current]):
            changed += Counter({table: count for table, count in rows.items() if table != "suggestions"})
        ports.engine.dispose()
        ports.redis.close()
        for table, count in changed.items():
            yield Finding(f"{count} rows change when they are recomputed", table)


@contextmanager
def _snapshot(owner: Engine) -> Iterator[Connection]:
    with owner.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        connection.execute(PATIENCE)
        yield connection
