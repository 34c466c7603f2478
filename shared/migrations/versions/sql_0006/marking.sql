-- The marking API tells apart a mark that does not exist (404) and one of somebody else's session (403). Whether there
-- is one is asked as the service, which sees nothing else of it.
GRANT SELECT (id, user_type) ON attendance_records TO muster_service;
CREATE POLICY service ON attendance_records FOR SELECT TO muster_service USING (true);

-- Each new mark looks for its own place on the roll, by index: a check-in costs the same in a class of 30 and of 3,000.
-- As a subquery that gives one value it is asked per row, with the row's ids inside; as a join the whole roll would be
-- read for a single mark.
CREATE OR REPLACE FUNCTION muster_require_enrolment() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    stranger record;
BEGIN
    SELECT n.session_id, n.student_id INTO stranger FROM new_rows n
    WHERE CASE n.user_type
        WHEN 'tutor' THEN (SELECT true FROM live_sessions s WHERE s.id = n.session_id AND s.teacher_id = n.student_id)
        ELSE (SELECT true FROM session_roll r WHERE r.session_id = n.session_id AND r.student_id = n.student_id)
    END IS NULL
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'student % is not enrolled in session % on its date', stranger.student_id, stranger.session_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
