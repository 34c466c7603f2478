"""The statements behind the reports. Each gives a ``key``: unique, and what the report is ordered by.

Counters of whole sessions come from their tallies, which are kept incrementally; only what is asked about parts of a
session (a student, a group) is counted from marks.
"""

_WHICH = """
    {mine} AND s.session_date BETWEEN coalesce(CAST(:first AS date), '-infinity')
        AND coalesce(CAST(:last AS date), 'infinity')
    AND (CAST(:course AS uuid) IS NULL OR s.course_id = :course)
"""
_SCOPE = "scope AS (SELECT s.* FROM live_sessions s WHERE s.status = 'completed' AND {which})"
_MARKS = """
    count(*) FILTER (WHERE r.status = 'PRESENT') AS present, count(*) FILTER (WHERE r.status = 'LATE') AS late,
    count(*) FILTER (WHERE r.status = 'ABSENT') AS absent, count(*) FILTER (WHERE r.status = 'EXCUSED') AS excused
"""
_TALLIES = """
    count(*) AS sessions, sum(y.enrolled) AS enrolled, sum(y.present) AS present, sum(y.late) AS late,
    sum(y.absent) AS absent, sum(y.excused) AS excused,
    sum(greatest(0, y.enrolled - y.present - y.late - y.absent - y.excused)) AS not_marked
"""
_CODE = "coalesce(c.subject_code, split_part(min(s.class_name), ' ', 1))"

STUDENTS = """
    WITH marked AS (
        SELECT r.student_id, count(*) AS total_sessions, {marks}
        FROM attendance_records r JOIN live_sessions s ON s.id = r.session_id
        WHERE r.user_type = 'student' AND {which} GROUP BY r.student_id
    ), active AS (
        SELECT g.user_id AS student_id, sum(g.active_us) AS active_us
        FROM suggestions g JOIN live_sessions s ON s.id = g.session_id
        WHERE g.user_type = 'student' AND {which} GROUP BY g.user_id
    )
    SELECT n.student_number AS key, n.user_id AS student_id, n.student_number, u.first_name, u.last_name,
           coalesce(m.total_sessions, 0) AS total_sessions, coalesce(m.present, 0) AS present,
           coalesce(m.late, 0) AS late, coalesce(m.absent, 0) AS absent, coalesce(m.excused, 0) AS excused,
           coalesce(a.active_us, 0) AS active_us
    FROM marked m FULL JOIN active a USING (student_id)
    JOIN students n ON n.user_id = student_id JOIN users u ON u.id = student_id
"""

# Of a session with one group the group's counters are the session's; only where several meet are people looked at.
COURSES = """
    WITH {scope}, parts AS (
        SELECT s.id, s.session_date, g.group_id, count(*) OVER (PARTITION BY s.id) AS groups
        FROM scope s JOIN session_groups g ON g.session_id = s.id
    ), members AS (
        SELECT DISTINCT p.id, p.group_id, e.student_id FROM parts p JOIN enrolments e ON e.group_id = p.group_id
        WHERE p.groups > 1 AND e.valid_from <= p.session_date
          AND (e.valid_until IS NULL OR p.session_date < e.valid_until)
    ), counted AS (
        SELECT p.group_id, t.enrolled, t.present, t.late, t.absent, t.excused
        FROM parts p JOIN session_tallies t ON t.session_id = p.id WHERE p.groups = 1
        UNION ALL
        SELECT m.group_id, count(*) AS enrolled, {marks}
        FROM members m LEFT JOIN attendance_records r ON r.session_id = m.id AND r.student_id = m.student_id
        GROUP BY m.id, m.group_id
    )
    SELECT {code} || ' ' || s.course_id AS key, s.course_id, {code} AS subject_code, CAST(NULL AS uuid) AS group_id,
           CAST(NULL AS text) AS group_name, {tallies}
    FROM scope s JOIN session_tallies y ON y.session_id = s.id LEFT JOIN courses c ON c.id = s.course_id
    GROUP BY s.course_id, c.subject_code
    UNION ALL
    SELECT c.subject_code || ' ' || c.id || ' ' || g.name, c.id, c.subject_code, g.id, g.name, {tallies}
    FROM counted y JOIN groups g ON g.id = y.group_id JOIN courses c ON c.id = g.course_id GROUP BY c.id, g.id
"""

TEACHERS = """
    WITH {scope}, measured AS (
        SELECT s.teacher_id, g.user_type, avg(g.active_us) AS active_us,
               avg(least(100, g.active_us * 100.0 / (extract(epoch FROM g.window_end - g.window_start) * 1000000)))
                   AS engagement
        FROM scope s JOIN suggestions g ON g.session_id = s.id GROUP BY s.teacher_id, g.user_type
    ), counted AS (
        SELECT s.teacher_id, {tallies} FROM scope s JOIN session_tallies y ON y.session_id = s.id GROUP BY s.teacher_id
    )
    SELECT t.last_name || ' ' || t.first_name || ' ' || t.id AS key, n.*, t.first_name, t.last_name,
           tutor.active_us AS tutor_active_us, tutor.engagement AS tutor_engagement,
           student.active_us AS student_active_us, student.engagement AS student_engagement
    FROM counted n JOIN users t ON t.id = n.teacher_id
    LEFT JOIN measured tutor ON tutor.teacher_id = t.id AND tutor.user_type = 'tutor'
    LEFT JOIN measured student ON student.teacher_id = t.id AND student.user_type = 'student'
"""

TREND = """
    WITH {scope}
    SELECT to_char(date_trunc('week', s.session_date), 'YYYY-MM-DD') AS key,
           CAST(date_trunc('week', s.session_date) AS date) AS week, {tallies}
    FROM scope s JOIN session_tallies y ON y.session_id = s.id GROUP BY date_trunc('week', s.session_date)
"""

# Session by session, so that its rows are found by index whatever the campus holds.
AGREEMENT = """
    WITH {scope}
    SELECT coalesce(c.subject_code || ' ' || c.id, '')
               || CASE n.confidence WHEN 'high' THEN ' 1' WHEN 'medium' THEN ' 2' ELSE ' 3' END AS key,
           c.id AS course_id, c.subject_code, n.confidence, sum(n.decided) AS decided, sum(n.agreed) AS agreed
    FROM scope s JOIN courses c ON c.id = s.course_id
    JOIN session_suggestions q ON q.session_id = s.id AND q.has_whiteboard
    CROSS JOIN LATERAL (
        SELECT g.confidence, count(*) AS decided, count(*) FILTER (WHERE r.status = g.status) AS agreed
        FROM suggestions g JOIN attendance_records r ON r.session_id = g.session_id AND r.student_id = g.user_id
        WHERE g.session_id = s.id AND r.source IN ('manual', 'whiteboard_auto', 'parent_reported', 'admin_override')
        GROUP BY g.confidence
    ) AS n
    GROUP BY GROUPING SETS ((c.id, c.subject_code, n.confidence), (n.confidence))
"""

_PAGE = """
    SELECT * FROM ({report}) AS report
    WHERE CAST(:after AS text) IS NULL OR key COLLATE "C" > :after
    ORDER BY key COLLATE "C" LIMIT CAST(:most AS integer)
"""


def page_of(report: str, mine: str) -> str:
    """The whole statement of a page of one of these reports; ``mine``: which sessions ``s`` the person may see."""
    which = _WHICH.format(mine=mine)
    parts = {"which": which, "scope": _SCOPE.format(which=which), "marks": _MARKS, "tallies": _TALLIES, "code": _CODE}
    return _PAGE.format(report=report.format_map(parts))
