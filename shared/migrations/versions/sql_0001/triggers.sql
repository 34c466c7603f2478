-- What must be true whoever writes: counters and history follow every change of a mark or a session.
-- Functions run with the rights of whoever writes (no SECURITY DEFINER).

-- Counters: statement-level, from old and new rows, so a check-in costs the same in a class of 30 and of 3,000.
-- Writers of several sessions lock the tallies in id order first (workers/drain does).
CREATE TYPE muster_tally_step AS (session_id uuid, status text, step integer);

CREATE FUNCTION muster_count_marks() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM muster_add_to_tallies(array_agg((session_id, status, 1)::muster_tally_step))
        FROM new_rows WHERE user_type = 'student';
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM muster_add_to_tallies(array_agg((session_id, status, -1)::muster_tally_step))
        FROM old_rows WHERE user_type = 'student';
    ELSE
        PERFORM muster_add_to_tallies(array_agg(step)) FROM (
            SELECT (session_id, status, 1)::muster_tally_step AS step FROM new_rows WHERE user_type = 'student'
            UNION ALL
            SELECT (session_id, status, -1)::muster_tally_step FROM old_rows WHERE user_type = 'student'
        ) AS steps;
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION muster_add_to_tallies(steps muster_tally_step[]) RETURNS void
    LANGUAGE sql
    AS $$
    UPDATE session_tallies AS t
    SET present = t.present + d.present,
        late = t.late + d.late,
        absent = t.absent + d.absent,
        excused = t.excused + d.excused,
        updated_at = now()
    FROM (
        SELECT session_id,
               coalesce(sum(step) FILTER (WHERE status = 'PRESENT'), 0)::integer AS present,
               coalesce(sum(step) FILTER (WHERE status = 'LATE'), 0)::integer AS late,
               coalesce(sum(step) FILTER (WHERE status = 'ABSENT'), 0)::integer AS absent,
               coalesce(sum(step) FILTER (WHERE status = 'EXCUSED'), 0)::integer AS excused
        FROM unnest(steps) GROUP BY session_id
    ) AS d
    WHERE t.session_id = d.session_id
$$;

CREATE TRIGGER count_inserted AFTER INSERT ON attendance_records
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION muster_count_marks();
CREATE TRIGGER count_updated AFTER UPDATE ON attendance_records
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION muster_count_marks();
CREATE TRIGGER count_deleted AFTER DELETE ON attendance_records
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION muster_count_marks();

-- History of marks: a row for every change of status, source, notes or the person behind it.
CREATE FUNCTION muster_record_marks() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO attendance_status_changes
            (record_id, session_id, student_id, old_status, new_status, reason, source, changed_by)
        SELECT id, session_id, student_id, NULL, status, reason, source, marked_by FROM new_rows ORDER BY id;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO attendance_status_changes
            (record_id, session_id, student_id, old_status, new_status, reason, source, changed_by)
        SELECT id, session_id, student_id, status, NULL, 'deleted', source, muster_me() FROM old_rows ORDER BY id;
    ELSE
        INSERT INTO attendance_status_changes
            (record_id, session_id, student_id, old_status, new_status, reason, source, changed_by)
        SELECT n.id, n.session_id, n.student_id, o.status, n.status, n.reason, n.source, n.marked_by
        FROM new_rows n JOIN old_rows o ON o.id = n.id
        WHERE (o.status, o.source, o.notes, o.marked_by)
              IS DISTINCT FROM (n.status, n.source, n.notes, n.marked_by)
        ORDER BY n.id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER record_inserted AFTER INSERT ON attendance_records
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION muster_record_marks();
CREATE TRIGGER record_updated AFTER UPDATE ON attendance_records
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION muster_record_marks();
CREATE TRIGGER record_deleted AFTER DELETE ON attendance_records
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION muster_record_marks();

-- A session always has its counters, its channel and its history. The reason of a change is set by the writer
-- as the transaction's muster.reason.
CREATE FUNCTION muster_record_session() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    previous text := NULL;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO session_tallies (session_id) VALUES (NEW.id);
        INSERT INTO websocket_channels (name, session_id) VALUES ('attendance_updates_' || NEW.id, NEW.id);
    ELSE
        previous := OLD.status;
    END IF;
    INSERT INTO session_status_changes (session_id, old_status, new_status, reason, changed_by)
    VALUES (NEW.id, previous, NEW.status, NULLIF(current_setting('muster.reason', true), ''), muster_me());
    RETURN NULL;
END
$$;

CREATE TRIGGER record_made AFTER INSERT ON live_sessions
    FOR EACH ROW EXECUTE FUNCTION muster_record_session();
CREATE TRIGGER record_changed AFTER UPDATE OF status ON live_sessions
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION muster_record_session();

-- How many are enrolled: counted when groups join a session, and again when an open session's groups change.
CREATE FUNCTION muster_count_enrolled(sessions uuid[]) RETURNS void
    LANGUAGE sql
    AS $$
    UPDATE session_tallies AS t
    SET updated_at = now(),
        enrolled = (
            SELECT count(DISTINCT e.student_id)
            FROM session_groups g JOIN enrolments e ON e.group_id = g.group_id
            WHERE g.session_id = s.id AND e.valid_from <= s.session_date
              AND (e.valid_until IS NULL OR s.session_date < e.valid_until))
    FROM live_sessions AS s
    WHERE s.id = t.session_id AND s.id = ANY (sessions)
$$;

CREATE FUNCTION muster_groups_joined() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM muster_count_enrolled(array_agg(DISTINCT session_id)) FROM new_rows;
    RETURN NULL;
END
$$;

CREATE TRIGGER count_enrolled AFTER INSERT ON session_groups
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION muster_groups_joined();

CREATE FUNCTION muster_enrolments_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    touched uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        touched := ARRAY(SELECT DISTINCT group_id FROM new_rows);
    ELSIF TG_OP = 'DELETE' THEN
        touched := ARRAY(SELECT DISTINCT group_id FROM old_rows);
    ELSE
        touched := ARRAY(SELECT group_id FROM new_rows UNION SELECT group_id FROM old_rows);
    END IF;
    PERFORM muster_count_enrolled(array_agg(DISTINCT g.session_id))
    FROM session_groups g
    WHERE g.group_id = ANY (touched) AND g.session_status IN ('scheduled', 'active');
    RETURN NULL;
END
$$;

CREATE TRIGGER recount_inserted AFTER INSERT ON enrolments
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION muster_enrolments_changed();
CREATE TRIGGER recount_updated AFTER UPDATE ON enrolments
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION muster_enrolments_changed();
CREATE TRIGGER recount_deleted AFTER DELETE ON enrolments
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION muster_enrolments_changed();

-- Only who is enrolled in one of the session's groups on the session's date has a mark (1-domain 1.5).
CREATE FUNCTION muster_require_enrolment() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    stranger record;
BEGIN
    SELECT r.session_id, r.student_id INTO stranger
    FROM new_rows r JOIN live_sessions s ON s.id = r.session_id
    WHERE r.user_type = 'student' AND NOT EXISTS (
        SELECT 1 FROM session_groups g JOIN enrolments e ON e.group_id = g.group_id
        WHERE g.session_id = r.session_id AND e.student_id = r.student_id AND e.valid_from <= s.session_date
          AND (e.valid_until IS NULL OR s.session_date < e.valid_until))
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'student % is not enrolled in session % on its date', stranger.student_id, stranger.session_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER require_enrolment AFTER INSERT ON attendance_records
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION muster_require_enrolment();
