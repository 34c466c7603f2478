-- Who may see and write what. Row-level security is enabled and forced on every table; a role without a policy
-- sees nothing, and the owner too sees only what its policy says.
--
-- Policies of one role refer to other tables under the same role's policies, so the chain must not close:
--   teacher: courses → groups → enrolments → students, users          live_sessions → what happens in them
--   student, parent: (parent_links →) enrolments → groups → courses   session_groups → live_sessions → …

CREATE FUNCTION muster_me() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('muster.user_id', true), '')::uuid $$;
COMMENT ON FUNCTION muster_me() IS 'The person this transaction speaks for; null when it speaks for nobody';

DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        -- Owner, admin and worker see every row; what they may do to it is a matter of grants below.
        EXECUTE format('CREATE POLICY everything ON %I TO muster_owner, muster_admin, muster_worker '
                       'USING (true) WITH CHECK (true)', name);
    END LOOP;
END
$$;

-- Migration state: readiness checks compare it.
GRANT SELECT ON alembic_version TO muster_service, muster_worker, muster_admin;

-- People -------------------------------------------------------------------------------------------------

GRANT SELECT ON users, students TO muster_service, muster_worker, muster_admin, muster_teacher, muster_student,
    muster_parent;
GRANT INSERT, UPDATE ON users, students TO muster_admin;
GRANT SELECT, INSERT, UPDATE ON credentials TO muster_service;
GRANT SELECT ON parent_links TO muster_worker, muster_parent;
GRANT SELECT, INSERT, DELETE ON parent_links TO muster_admin;

CREATE POLICY service ON users FOR SELECT TO muster_service USING (true);
CREATE POLICY service ON students FOR SELECT TO muster_service USING (true);
CREATE POLICY service ON credentials TO muster_service USING (true) WITH CHECK (true);

CREATE POLICY own_children ON parent_links FOR SELECT TO muster_parent USING (parent_id = muster_me());

-- Teachers' names are known to the campus; students' names to those who teach them.
CREATE POLICY taught ON users FOR SELECT TO muster_teacher
    USING (id = muster_me() OR role = 'TEACHER' OR id IN (SELECT student_id FROM enrolments));
CREATE POLICY own ON users FOR SELECT TO muster_student
    USING (id = muster_me() OR role = 'TEACHER');
CREATE POLICY own_children ON users FOR SELECT TO muster_parent
    USING (id = muster_me() OR role = 'TEACHER' OR id IN (SELECT student_id FROM parent_links));

CREATE POLICY taught ON students FOR SELECT TO muster_teacher
    USING (user_id IN (SELECT student_id FROM enrolments));
CREATE POLICY own ON students FOR SELECT TO muster_student USING (user_id = muster_me());
CREATE POLICY own_children ON students FOR SELECT TO muster_parent
    USING (user_id IN (SELECT student_id FROM parent_links));

-- Courses ------------------------------------------------------------------------------------------------

GRANT SELECT ON courses, course_policies, groups, enrolments
    TO muster_service, muster_worker, muster_admin, muster_teacher, muster_student, muster_parent;
GRANT INSERT, UPDATE, DELETE ON courses, course_policies, groups, enrolments TO muster_admin;

CREATE POLICY service ON courses FOR SELECT TO muster_service USING (true);
CREATE POLICY service ON course_policies FOR SELECT TO muster_service USING (true);
CREATE POLICY service ON groups FOR SELECT TO muster_service USING (true);
CREATE POLICY service ON enrolments FOR SELECT TO muster_service USING (true);

CREATE POLICY taught ON courses FOR SELECT TO muster_teacher USING (teacher_id = muster_me());
CREATE POLICY taught ON course_policies FOR SELECT TO muster_teacher USING (course_id IN (SELECT id FROM courses));
CREATE POLICY taught ON groups FOR SELECT TO muster_teacher USING (course_id IN (SELECT id FROM courses));
CREATE POLICY taught ON enrolments FOR SELECT TO muster_teacher USING (group_id IN (SELECT id FROM groups));

CREATE POLICY own ON enrolments FOR SELECT TO muster_student USING (student_id = muster_me());
CREATE POLICY own_children ON enrolments FOR SELECT TO muster_parent
    USING (student_id IN (SELECT student_id FROM parent_links));
CREATE POLICY enrolled ON groups FOR SELECT TO muster_student, muster_parent
    USING (id IN (SELECT group_id FROM enrolments));
CREATE POLICY enrolled ON courses FOR SELECT TO muster_student, muster_parent
    USING (id IN (SELECT course_id FROM groups));
CREATE POLICY enrolled ON course_policies FOR SELECT TO muster_student, muster_parent
    USING (course_id IN (SELECT id FROM courses));

-- Sessions -----------------------------------------------------------------------------------------------

GRANT SELECT ON live_sessions, session_groups, session_tallies
    TO muster_service, muster_worker, muster_admin, muster_teacher, muster_student, muster_parent;
GRANT SELECT ON session_status_changes, session_analytics, websocket_channels
    TO muster_worker, muster_admin, muster_teacher, muster_student, muster_parent;
GRANT INSERT, UPDATE ON live_sessions TO muster_admin, muster_teacher;
GRANT UPDATE (status, ended_at) ON live_sessions TO muster_worker;
GRANT INSERT ON session_groups TO muster_admin, muster_teacher;
GRANT INSERT, UPDATE ON session_tallies TO muster_admin, muster_teacher, muster_worker;
GRANT INSERT ON session_status_changes TO muster_admin, muster_teacher, muster_worker;
GRANT INSERT ON websocket_channels TO muster_admin, muster_teacher;
GRANT UPDATE ON websocket_channels TO muster_worker;
GRANT INSERT ON session_analytics TO muster_worker;
GRANT DELETE ON session_analytics TO muster_worker;

CREATE POLICY service ON live_sessions FOR SELECT TO muster_service USING (true);
CREATE POLICY service ON session_groups FOR SELECT TO muster_service USING (true);
CREATE POLICY service ON session_tallies FOR SELECT TO muster_service USING (true);

CREATE POLICY taught ON live_sessions TO muster_teacher
    USING (teacher_id = muster_me())
    WITH CHECK (teacher_id = muster_me() AND course_id IN (SELECT id FROM courses));
CREATE POLICY taught ON session_groups TO muster_teacher
    USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id))
    WITH CHECK (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id)
                AND group_id IN (SELECT id FROM groups));
CREATE POLICY taught ON session_tallies TO muster_teacher
    USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));
CREATE POLICY taught ON session_status_changes TO muster_teacher
    USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));
CREATE POLICY taught ON session_analytics FOR SELECT TO muster_teacher
    USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));
CREATE POLICY taught ON websocket_channels TO muster_teacher
    USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));

CREATE POLICY enrolled ON session_groups FOR SELECT TO muster_student, muster_parent
    USING (group_id IN (SELECT group_id FROM enrolments));
-- Enrolled on the session's own date: a move never opens or closes the past.
CREATE POLICY enrolled ON live_sessions FOR SELECT TO muster_student, muster_parent
    USING (EXISTS (
        SELECT 1 FROM session_groups g JOIN enrolments e ON e.group_id = g.group_id
        WHERE g.session_id = live_sessions.id
          AND e.valid_from <= live_sessions.session_date
          AND (e.valid_until IS NULL OR live_sessions.session_date < e.valid_until)
    ));
CREATE POLICY enrolled ON session_tallies FOR SELECT TO muster_student, muster_parent
    USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));
CREATE POLICY enrolled ON session_status_changes FOR SELECT TO muster_student, muster_parent
    USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));
CREATE POLICY enrolled ON session_analytics FOR SELECT TO muster_student, muster_parent
    USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));
CREATE POLICY enrolled ON websocket_channels FOR SELECT TO muster_student, muster_parent
    USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));

-- Marks, their history, and evidence -----------------------------------------------------------------------

GRANT SELECT ON attendance_records, attendance_status_changes, check_ins, presence, connection_events
    TO muster_worker, muster_admin, muster_teacher, muster_student, muster_parent;
GRANT INSERT, UPDATE, DELETE ON attendance_records TO muster_admin, muster_teacher;
GRANT INSERT, UPDATE ON attendance_records TO muster_worker;
-- Append-only for every role that is not the owner: nobody has UPDATE or DELETE.
GRANT INSERT ON attendance_status_changes TO muster_admin, muster_teacher, muster_worker;
GRANT INSERT ON check_ins TO muster_worker;
GRANT INSERT, UPDATE, DELETE ON presence, connection_events TO muster_worker;

CREATE POLICY taught ON attendance_records TO muster_teacher
    USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));
CREATE POLICY taught ON attendance_status_changes TO muster_teacher
    USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));
CREATE POLICY taught ON check_ins FOR SELECT TO muster_teacher
    USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));
CREATE POLICY taught ON presence FOR SELECT TO muster_teacher
    USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));
CREATE POLICY taught ON connection_events FOR SELECT TO muster_teacher
    USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));

CREATE POLICY own ON attendance_records FOR SELECT TO muster_student USING (student_id = muster_me());
CREATE POLICY own ON attendance_status_changes FOR SELECT TO muster_student USING (student_id = muster_me());
CREATE POLICY own ON check_ins FOR SELECT TO muster_student USING (student_id = muster_me());
CREATE POLICY own ON presence FOR SELECT TO muster_student USING (user_id = muster_me());
CREATE POLICY own ON connection_events FOR SELECT TO muster_student USING (user_id = muster_me());

CREATE POLICY own_children ON attendance_records FOR SELECT TO muster_parent
    USING (student_id IN (SELECT student_id FROM parent_links));
CREATE POLICY own_children ON attendance_status_changes FOR SELECT TO muster_parent
    USING (student_id IN (SELECT student_id FROM parent_links));
CREATE POLICY own_children ON check_ins FOR SELECT TO muster_parent
    USING (student_id IN (SELECT student_id FROM parent_links));
CREATE POLICY own_children ON presence FOR SELECT TO muster_parent
    USING (user_id IN (SELECT student_id FROM parent_links));
CREATE POLICY own_children ON connection_events FOR SELECT TO muster_parent
    USING (user_id IN (SELECT student_id FROM parent_links));

-- Pipeline -----------------------------------------------------------------------------------------------

-- Whoever writes tells the news in the same transaction; only workers read and remove it.
GRANT INSERT ON inbox TO muster_service, muster_admin, muster_teacher;
GRANT SELECT, INSERT, UPDATE, DELETE ON inbox TO muster_worker;
GRANT SELECT, INSERT ON dead_letters TO muster_worker;
GRANT SELECT, DELETE ON dead_letters TO muster_admin;

CREATE POLICY tell ON inbox FOR INSERT TO muster_service, muster_teacher WITH CHECK (true);
