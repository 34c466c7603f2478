-- Who may write a mark, and when (1-domain 1.5), as far as a database can know: held for every application role,
-- whatever a program forgets. The owner, who loads a campus's past, is exempt from times, not from enrolment.

-- `same`: status and source stay as they are, only notes change.
CREATE FUNCTION muster_may_mark(role name, status text, mode text, source text, same boolean) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE role
        -- An accepted check-in is never lost: it may arrive after the end.
        WHEN 'muster_worker' THEN status <> 'scheduled' AND source = 'qr_checkin'
        WHEN 'muster_parent' THEN status = 'completed' AND mode <> 'in_person' AND source = 'parent_reported'
        WHEN 'muster_teacher' THEN
            status = 'active' AND (same OR source IN ('manual', 'whiteboard_auto', 'system_default'))
            OR status = 'completed' AND mode <> 'in_person' AND (same OR source IN ('manual', 'whiteboard_auto'))
        WHEN 'muster_admin' THEN
            status = 'active' AND (same OR source IN ('manual', 'whiteboard_auto', 'system_default', 'admin_override'))
            OR status = 'completed' AND source = 'admin_override'
            OR status = 'completed' AND mode <> 'in_person' AND (same OR source IN ('manual', 'whiteboard_auto'))
        ELSE false
    END
$$;
COMMENT ON FUNCTION muster_may_mark(name, text, text, text, boolean) IS 'Whether a role may write a mark of this source now';

-- Runs after the history is written, which holds the session's head: whoever ends a session at the same time has either
-- not ended it yet and waits, or has, and this statement sees it.
CREATE FUNCTION muster_require_open() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    wrong record;
BEGIN
    IF current_user = 'muster_owner' THEN
        RETURN NULL;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT n.session_id, n.source, s.status INTO wrong
        FROM new_rows n LEFT JOIN live_sessions s ON s.id = n.session_id
        WHERE muster_may_mark(current_user, s.status, s.mode, n.source, false) IS NOT TRUE LIMIT 1;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT o.session_id, o.source, s.status INTO wrong
        FROM old_rows o LEFT JOIN live_sessions s ON s.id = o.session_id
        WHERE (s.status = 'active' OR current_user = 'muster_admin') IS NOT TRUE LIMIT 1;
    ELSE
        SELECT n.session_id, n.source, s.status INTO wrong
        FROM new_rows n JOIN old_rows o ON o.id = n.id LEFT JOIN live_sessions s ON s.id = n.session_id
        WHERE muster_may_mark(current_user, s.status, s.mode, n.source,
                              (n.status, n.source) = (o.status, o.source)) IS NOT TRUE
           OR current_user = 'muster_worker' AND o.source <> 'system_default' LIMIT 1;
    END IF;
    IF FOUND THEN
        RAISE EXCEPTION 'no % of a % mark in session %, which is %', lower(TG_OP), wrong.source, wrong.session_id,
            coalesce(wrong.status, 'unknown') USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

-- Triggers of one kind run in the order of their names: these come after record_….
CREATE TRIGGER require_open_inserted AFTER INSERT ON attendance_records
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION muster_require_open();
CREATE TRIGGER require_open_updated AFTER UPDATE ON attendance_records
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION muster_require_open();
CREATE TRIGGER require_open_deleted AFTER DELETE ON attendance_records
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION muster_require_open();

-- Only who is on the session's roll has a student's mark, and only who teaches it the tutor's. The roll is read once for
-- all rows: looked up row by row it costs the square of the class.
CREATE OR REPLACE FUNCTION muster_require_enrolment() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    sessions uuid[] := ARRAY(SELECT DISTINCT session_id FROM new_rows);
    stranger record;
BEGIN
    SELECT session_id, student_id INTO stranger FROM (
        SELECT session_id, student_id, user_type FROM new_rows
        EXCEPT (SELECT session_id, student_id, 'student' FROM session_roll WHERE session_id = ANY (sessions)
                UNION ALL SELECT id, teacher_id, 'tutor' FROM live_sessions WHERE id = ANY (sessions))
    ) AS strangers LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'student % is not enrolled in session % on its date', stranger.student_id, stranger.session_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

-- Whose mark it is, of which session, and when it was first made never changes.
REVOKE UPDATE ON attendance_records FROM muster_admin, muster_teacher, muster_worker, muster_parent;
GRANT UPDATE (status, source, notes, reason, marked_by, updated_at) ON attendance_records
    TO muster_admin, muster_teacher, muster_worker, muster_parent;

-- A session's life only goes forward (shared/domain/lifecycle.py).
CREATE FUNCTION muster_require_forward() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF current_user <> 'muster_owner'
       AND (OLD.status, NEW.status) NOT IN (('scheduled', 'active'), ('scheduled', 'cancelled'),
                                            ('active', 'completed'), ('active', 'cancelled')) THEN
        RAISE EXCEPTION 'session % is % and cannot become %', NEW.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER require_forward BEFORE UPDATE OF status ON live_sessions
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION muster_require_forward();

-- What decides who may mark (course, teacher, mode, date) a teacher sets when making a session, and not again.
REVOKE UPDATE ON live_sessions FROM muster_teacher;
GRANT UPDATE (status, started_at, ended_at, scheduled_start, scheduled_end, room, code_visible, rotate_seconds,
              code_generation, fence_latitude, fence_longitude, fence_radius_meters, fence_rule, device_rule)
    ON live_sessions TO muster_teacher;

-- Nobody writes history in another's name.
CREATE POLICY in_own_name ON attendance_status_changes AS RESTRICTIVE FOR INSERT
    TO muster_admin, muster_teacher, muster_parent WITH CHECK (changed_by = muster_me());
CREATE POLICY in_own_name ON session_status_changes AS RESTRICTIVE FOR INSERT
    TO muster_admin, muster_teacher WITH CHECK (changed_by = muster_me());
CREATE POLICY in_no_name ON attendance_status_changes AS RESTRICTIVE FOR INSERT
    TO muster_worker WITH CHECK (changed_by IS NULL);
CREATE POLICY in_no_name ON session_status_changes AS RESTRICTIVE FOR INSERT
    TO muster_worker WITH CHECK (changed_by IS NULL);

-- The API tells apart a mark that never was and one that is somebody else's.
GRANT SELECT (record_id) ON attendance_status_changes TO muster_service;
CREATE POLICY service ON attendance_status_changes FOR SELECT TO muster_service USING (true);
