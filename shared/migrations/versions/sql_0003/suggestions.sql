-- The roll: who is enrolled in one of a session's groups on the session's date (1-domain 1.5), in one place.
CREATE VIEW session_roll WITH (security_invoker = true) AS
    SELECT DISTINCT s.id AS session_id, e.student_id
    FROM live_sessions s
    JOIN session_groups g ON g.session_id = s.id
    JOIN enrolments e ON e.group_id = g.group_id
    WHERE e.valid_from <= s.session_date AND (e.valid_until IS NULL OR s.session_date < e.valid_until);
COMMENT ON VIEW session_roll IS 'Students enrolled in a session on its date';
GRANT SELECT ON session_roll
    TO muster_service, muster_worker, muster_admin, muster_teacher, muster_student, muster_parent;

-- Policies: a changed one is a new version; a suggestion names the one it was computed with, so it must stay readable.

ALTER TABLE course_policies
    DROP CONSTRAINT pk_course_policies,
    ADD COLUMN absent_after_minutes DOUBLE PRECISION NOT NULL DEFAULT 15.0,
    ADD COLUMN low_engagement DOUBLE PRECISION NOT NULL DEFAULT 30.0,
    ADD COLUMN medium_engagement DOUBLE PRECISION NOT NULL DEFAULT 40.0,
    ADD COLUMN high_engagement DOUBLE PRECISION NOT NULL DEFAULT 70.0,
    ADD COLUMN short_session_minutes DOUBLE PRECISION NOT NULL DEFAULT 15.0,
    ADD COLUMN max_connects INTEGER NOT NULL DEFAULT 3,
    ADD COLUMN set_by UUID,
    ADD COLUMN set_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    ADD CONSTRAINT pk_course_policies PRIMARY KEY (course_id, version),
    ADD CONSTRAINT fk_course_policies_set_by FOREIGN KEY(set_by) REFERENCES users (id),
    ADD CONSTRAINT ck_course_policies_order CHECK (
        late_after_minutes <= absent_after_minutes
        AND 0 <= low_engagement AND low_engagement <= medium_engagement
        AND medium_engagement <= high_engagement AND high_engagement <= 100
        AND short_session_minutes >= 0 AND max_connects >= 1);
COMMENT ON TABLE course_policies IS 'Thresholds per course; every version is kept, the highest counts';
COMMENT ON COLUMN course_policies.version IS 'Grows with every change, from 1';
COMMENT ON COLUMN course_policies.absent_after_minutes IS 'Very late strictly after this many minutes';
COMMENT ON COLUMN course_policies.low_engagement IS 'Absent strictly below this percentage, surely below its half';
COMMENT ON COLUMN course_policies.medium_engagement IS 'Medium confidence from this percentage';
COMMENT ON COLUMN course_policies.high_engagement IS 'High confidence strictly above this percentage';
COMMENT ON COLUMN course_policies.short_session_minutes IS 'Low confidence where the window is shorter';
COMMENT ON COLUMN course_policies.max_connects IS 'One level less confident above this many connects';
COMMENT ON COLUMN course_policies.set_by IS 'Who set it';
COMMENT ON COLUMN course_policies.set_at IS 'When';

CREATE VIEW current_policies WITH (security_invoker = true) AS
    SELECT DISTINCT ON (course_id) * FROM course_policies ORDER BY course_id, version DESC;
COMMENT ON VIEW current_policies IS 'The version of each course''s policy that counts; defaults where there is none';
GRANT SELECT ON current_policies
    TO muster_service, muster_worker, muster_admin, muster_teacher, muster_student, muster_parent;

REVOKE UPDATE, DELETE ON course_policies FROM muster_admin;
GRANT INSERT ON course_policies TO muster_teacher;
CREATE POLICY own_courses ON course_policies FOR INSERT TO muster_teacher
    WITH CHECK (set_by = muster_me() AND course_id IN (SELECT id FROM courses));

-- Suggestions --------------------------------------------------------------------------------------------

CREATE TABLE session_suggestions (
    session_id UUID NOT NULL,
    facts BIGINT DEFAULT '0' NOT NULL,
    facts_seen BIGINT DEFAULT '0' NOT NULL,
    version INTEGER DEFAULT '0' NOT NULL,
    policy_version INTEGER DEFAULT '0' NOT NULL,
    has_whiteboard BOOLEAN DEFAULT false NOT NULL,
    provisional BOOLEAN DEFAULT true NOT NULL,
    recommendation TEXT DEFAULT '' NOT NULL,
    digest TEXT DEFAULT '' NOT NULL,
    evidence TEXT DEFAULT '' NOT NULL,
    computed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_session_suggestions PRIMARY KEY (session_id),
    CONSTRAINT fk_session_suggestions_session_id FOREIGN KEY(session_id) REFERENCES live_sessions (id) ON DELETE CASCADE
);
CREATE INDEX ix_session_suggestions_due ON session_suggestions (session_id) WHERE facts_seen < facts;
COMMENT ON TABLE session_suggestions IS 'What a session''s presence suggests as a whole; one row per session';
COMMENT ON COLUMN session_suggestions.session_id IS 'The session';
COMMENT ON COLUMN session_suggestions.facts IS 'Grows with every change of what suggestions are computed from';
COMMENT ON COLUMN session_suggestions.facts_seen IS 'The facts the stored suggestion knows; less than facts: to be computed';
COMMENT ON COLUMN session_suggestions.version IS 'Grows when somebody''s status or confidence changes; 0: never computed';
COMMENT ON COLUMN session_suggestions.policy_version IS 'The policy it was computed with; 0: the defaults';
COMMENT ON COLUMN session_suggestions.has_whiteboard IS 'Whether there was presence to judge';
COMMENT ON COLUMN session_suggestions.provisional IS 'Computed before the session was completed';
COMMENT ON COLUMN session_suggestions.recommendation IS 'One sentence for who decides';
COMMENT ON COLUMN session_suggestions.digest IS 'SHA-256 over everybody''s status and confidence';
COMMENT ON COLUMN session_suggestions.evidence IS 'SHA-256 over the facts it was computed from';
COMMENT ON COLUMN session_suggestions.computed_at IS 'When; while the session ran this was the end of its window';

CREATE TABLE suggestions (
    session_id UUID NOT NULL,
    user_id UUID NOT NULL,
    user_type TEXT NOT NULL,
    status TEXT NOT NULL,
    confidence TEXT NOT NULL,
    reasons TEXT[] NOT NULL,
    window_start TIMESTAMP WITH TIME ZONE NOT NULL,
    window_end TIMESTAMP WITH TIME ZONE NOT NULL,
    lateness_us BIGINT,
    active_us BIGINT NOT NULL,
    CONSTRAINT pk_suggestions PRIMARY KEY (session_id, user_id),
    CONSTRAINT ck_suggestions_user_type CHECK (user_type IN ('tutor', 'student')),
    CONSTRAINT ck_suggestions_status CHECK (status IN ('PRESENT', 'LATE', 'ABSENT', 'EXCUSED')),
    CONSTRAINT ck_suggestions_confidence CHECK (confidence IN ('low', 'medium', 'high')),
    CONSTRAINT fk_suggestions_session_id FOREIGN KEY(session_id) REFERENCES session_suggestions (session_id) ON DELETE CASCADE,
    CONSTRAINT fk_suggestions_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX ix_suggestions_user_id ON suggestions (user_id);
COMMENT ON TABLE suggestions IS 'What a participant''s presence suggests; never a mark until a person accepts it';
COMMENT ON COLUMN suggestions.session_id IS 'The session';
COMMENT ON COLUMN suggestions.user_id IS 'The participant';
COMMENT ON COLUMN suggestions.user_type IS 'tutor or student';
COMMENT ON COLUMN suggestions.status IS 'Suggested status';
COMMENT ON COLUMN suggestions.confidence IS 'low, medium or high';
COMMENT ON COLUMN suggestions.reasons IS 'Why: sentences with the numbers and thresholds that decided';
COMMENT ON COLUMN suggestions.window_start IS 'Start of the time that counts for this person';
COMMENT ON COLUMN suggestions.window_end IS 'Its end';
COMMENT ON COLUMN suggestions.lateness_us IS 'First connected after the start, in microseconds; null: never came';
COMMENT ON COLUMN suggestions.active_us IS 'Active time inside the window, in microseconds';

INSERT INTO session_suggestions (session_id, facts) SELECT id, 1 FROM live_sessions;

ALTER TABLE session_suggestions ENABLE ROW LEVEL SECURITY;
ALTER TABLE session_suggestions FORCE ROW LEVEL SECURITY;
ALTER TABLE suggestions ENABLE ROW LEVEL SECURITY;
ALTER TABLE suggestions FORCE ROW LEVEL SECURITY;
CREATE POLICY everything ON session_suggestions TO muster_owner, muster_admin, muster_worker
    USING (true) WITH CHECK (true);
CREATE POLICY everything ON suggestions TO muster_owner, muster_admin, muster_worker USING (true) WITH CHECK (true);
CREATE POLICY taught ON session_suggestions TO muster_teacher
    USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));
CREATE POLICY taught ON suggestions FOR SELECT TO muster_teacher
    USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));
GRANT SELECT ON session_suggestions, suggestions TO muster_worker, muster_admin, muster_teacher;
GRANT INSERT, UPDATE ON session_suggestions TO muster_worker;
GRANT INSERT, UPDATE, DELETE ON suggestions TO muster_worker;
-- Whoever makes or changes a session says that its facts changed; nothing else of a suggestion is theirs to write.
GRANT INSERT (session_id, facts), UPDATE (facts) ON session_suggestions TO muster_admin, muster_teacher;

-- Facts changed, whoever changed them: presence, an accepted check-in, the session's times or status.
CREATE FUNCTION muster_facts_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE session_suggestions SET facts = facts + 1
    WHERE session_id IN (SELECT DISTINCT n.session_id FROM new_rows n);
    RETURN NULL;
END
$$;

CREATE TRIGGER facts_inserted AFTER INSERT ON presence
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION muster_facts_changed();
CREATE TRIGGER facts_updated AFTER UPDATE ON presence
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION muster_facts_changed();
CREATE TRIGGER facts_inserted AFTER INSERT ON check_ins
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION muster_facts_changed();

CREATE FUNCTION muster_session_facts_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO session_suggestions (session_id, facts) VALUES (NEW.id, 1);
    ELSE
        UPDATE session_suggestions SET facts = facts + 1 WHERE session_id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER facts_made AFTER INSERT ON live_sessions
    FOR EACH ROW EXECUTE FUNCTION muster_session_facts_changed();
CREATE TRIGGER facts_changed AFTER UPDATE OF status, mode, scheduled_start, scheduled_end, started_at, ended_at
    ON live_sessions FOR EACH ROW EXECUTE FUNCTION muster_session_facts_changed();

-- A parent's report: for their own child, after an online session, never over a mark of staff (1-domain 1.5).
GRANT INSERT, UPDATE ON attendance_records TO muster_parent;
GRANT INSERT ON attendance_status_changes TO muster_parent;
GRANT UPDATE (present, late, absent, excused, updated_at) ON session_tallies TO muster_parent;
GRANT INSERT ON inbox TO muster_parent;
CREATE POLICY tell_parent ON inbox FOR INSERT TO muster_parent WITH CHECK (true);
CREATE POLICY count_report ON session_tallies FOR UPDATE TO muster_parent
    USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));
CREATE POLICY report_history ON attendance_status_changes FOR INSERT TO muster_parent
    WITH CHECK (changed_by = muster_me() AND source = 'parent_reported');
CREATE POLICY report_made ON attendance_records FOR INSERT TO muster_parent
    WITH CHECK (source = 'parent_reported' AND marked_by = muster_me() AND status <> 'PRESENT'
                AND user_type = 'student' AND student_id IN (SELECT student_id FROM parent_links)
                AND EXISTS (SELECT 1 FROM live_sessions s
                            WHERE s.id = session_id AND s.status = 'completed' AND s.mode <> 'in_person'));
CREATE POLICY report_changed ON attendance_records FOR UPDATE TO muster_parent
    USING (student_id IN (SELECT student_id FROM parent_links)
           AND source NOT IN ('manual', 'whiteboard_auto', 'admin_override'))
    WITH CHECK (source = 'parent_reported' AND marked_by = muster_me() AND status <> 'PRESENT'
                AND user_type = 'student' AND student_id IN (SELECT student_id FROM parent_links)
                AND EXISTS (SELECT 1 FROM live_sessions s
                            WHERE s.id = session_id AND s.status = 'completed' AND s.mode <> 'in_person'));

CREATE OR REPLACE FUNCTION muster_count_enrolled(sessions uuid[]) RETURNS void
    LANGUAGE sql
    AS $$
    UPDATE session_tallies AS t
    SET updated_at = now(), enrolled = (SELECT count(*) FROM session_roll r WHERE r.session_id = t.session_id)
    WHERE t.session_id = ANY (sessions)
$$;

CREATE OR REPLACE FUNCTION muster_require_enrolment() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    stranger record;
BEGIN
    SELECT n.session_id, n.student_id INTO stranger
    FROM new_rows n
    WHERE n.user_type = 'student' AND NOT EXISTS (
        SELECT 1 FROM session_roll r WHERE r.session_id = n.session_id AND r.student_id = n.student_id)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'student % is not enrolled in session % on its date', stranger.student_id, stranger.session_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

-- A roster that changes while a session is open: every process must forget its copy. The event is what
-- shared/messages/events.py calls RosterChanged, as MessagePack: an array of its tag and the 16 bytes of the id.
CREATE OR REPLACE FUNCTION muster_enrolments_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    touched uuid[];
    sessions uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        touched := ARRAY(SELECT DISTINCT group_id FROM new_rows);
    ELSIF TG_OP = 'DELETE' THEN
        touched := ARRAY(SELECT DISTINCT group_id FROM old_rows);
    ELSE
        touched := ARRAY(SELECT group_id FROM new_rows UNION SELECT group_id FROM old_rows);
    END IF;
    sessions := ARRAY(SELECT DISTINCT g.session_id FROM session_groups g
                      WHERE g.group_id = ANY (touched) AND g.session_status IN ('scheduled', 'active'));
    PERFORM muster_count_enrolled(sessions);
    UPDATE session_suggestions SET facts = facts + 1 WHERE session_id = ANY (sessions);
    INSERT INTO inbox (payload) SELECT '\x92a6'::bytea || 'roster'::bytea || '\xc410'::bytea || uuid_send(id)
    FROM unnest(sessions) AS id;
    RETURN NULL;
END
$$;
