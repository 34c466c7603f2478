/** What the live page shows, as a value, and how frames change it. Pure, so that one rule can be tested:
 * snapshot + deltas = a fresh fetch.
 */

export const RECENT = 20;
const COUNTS = [
  "totalStudents", "presentStudents", "lateStudents", "absentStudents", "excusedStudents", "notMarked",
  "connectedCount", "attendanceRate",
];

/** The state that a snapshot (LiveSessionStats) stands for. */
export function fromSnapshot(stats) {
  return {
    sessionId: stats.sessionId,
    version: stats.version,
    epoch: stats.epoch,
    status: stats.status,
    counts: Object.fromEntries(COUNTS.map((name) => [name, stats[name]])),
    recent: stats.recentCheckins,
    roll: stats.roll ? rollOf(stats.roll) : null,
    behind: false,
  };
}

/** Who is on the roll, and their marks by id; only a page that asked for the roll has one. */
function rollOf({ students }) {
  const marked = students.filter(({ status }) => status !== null);
  return {
    students: students.map(({ id, number, name }) => ({ id, number, name })),
    marks: Object.fromEntries(marked.map(({ id, status, source }) => [id, { status, source }])),
  };
}

/** The state after a frame. A repeat changes nothing; after a gap the state says that it is `behind`, and why
 * nothing more can be applied to it: only a new snapshot helps.
 */
export function apply(state, frame) {
  const { sessionId, version, epoch, data } = frame.payload;
  if (frame.type === "RESYNC") return { ...state, behind: true };
  if (version === undefined || sessionId !== state.sessionId) return state;
  if (epoch !== state.epoch) return { ...state, behind: true };
  if (version <= state.version) return state;
  if (version > state.version + 1) return { ...state, behind: true };
  return { ...state, version, ...change(state, frame.type, data) };
}

function change(state, type, data) {
  switch (type) {
    case "STATS_UPDATE":
      return { counts: { ...state.counts, ...pick(data) } };
    case "CHECK_IN":
      return { recent: merge(state.recent, data.checkIns), roll: state.roll && checkedIn(state.roll, data.checkIns) };
    case "MARK":
      return { roll: state.roll && marked(state.roll, data.changes) };
    case "SESSION_STATUS":
      return { status: data.newStatus };
    default:
      return {}; // PRESENCE: its counters come in a STATS_UPDATE of their own
  }
}

/** A check-in makes a mark where there is none or only a default; it never replaces a person's. */
function checkedIn(roll, checkIns) {
  const free = checkIns.filter(({ studentId: id }) => (roll.marks[id]?.source ?? "system_default") === "system_default");
  const marks = free.map(({ studentId, status }) => [studentId, { status, source: "qr_checkin" }]);
  return { ...roll, marks: { ...roll.marks, ...Object.fromEntries(marks) } };
}

function marked(roll, changes) {
  const marks = { ...roll.marks };
  for (const { studentId, status, source } of changes) {
    if (status === null) delete marks[studentId];
    else marks[studentId] = { status, source };
  }
  return { ...roll, marks };
}

function pick(data) {
  return Object.fromEntries(COUNTS.filter((name) => name in data).map((name) => [name, data[name]]));
}

/** Newest first, each student once (the first check-in is the one that counts), as many as a snapshot has. */
export function merge(recent, arrived) {
  const byStudent = new Map();
  for (const entry of [...recent, ...arrived]) {
    if (!byStudent.has(entry.studentId)) byStudent.set(entry.studentId, entry);
  }
  return [...byStudent.values()].sort(newestFirst).slice(0, RECENT);
}

function newestFirst(a, b) {
  // Beyond the millisecond that Date knows, the digits decide; among equals the student, as in a snapshot.
  return (
    Date.parse(b.timestamp) - Date.parse(a.timestamp) ||
    fraction(b).localeCompare(fraction(a)) ||
    a.studentId.localeCompare(b.studentId)
  );
}

function fraction(entry) {
  return (/\.(\d+)/.exec(entry.timestamp)?.[1] ?? "").padEnd(6, "0");
}
