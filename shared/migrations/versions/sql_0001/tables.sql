-- Tables, as shared/models describes them. A test holds both together.

CREATE TABLE dead_letters (
    id UUID NOT NULL,
    origin TEXT NOT NULL,
    entry_id TEXT NOT NULL,
    payload BYTEA NOT NULL,
    reason TEXT NOT NULL,
    died_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_dead_letters PRIMARY KEY (id)
);
COMMENT ON TABLE dead_letters IS 'Events that could not be applied';
COMMENT ON COLUMN dead_letters.id IS 'UUIDv7';
COMMENT ON COLUMN dead_letters.origin IS 'stream or inbox';
COMMENT ON COLUMN dead_letters.entry_id IS 'The stream entry''s or inbox row''s id';
COMMENT ON COLUMN dead_letters.payload IS 'The event as it came';
COMMENT ON COLUMN dead_letters.reason IS 'Why it could not be applied';
COMMENT ON COLUMN dead_letters.died_at IS 'When it was put here';

CREATE TABLE inbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    payload BYTEA NOT NULL,
    attempts INTEGER DEFAULT '0' NOT NULL,
    retry_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_inbox PRIMARY KEY (id)
);
COMMENT ON TABLE inbox IS 'Events accepted in PostgreSQL, until drained';
COMMENT ON COLUMN inbox.id IS 'Order of writing';
COMMENT ON COLUMN inbox.payload IS 'One event as in the stream (shared.messages.events)';
COMMENT ON COLUMN inbox.attempts IS 'Failed tries to apply it';
COMMENT ON COLUMN inbox.retry_at IS 'Not before then; moved on by a failed try';
COMMENT ON COLUMN inbox.received_at IS 'When it was accepted';

CREATE TABLE users (
    id UUID NOT NULL,
    email TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    role TEXT NOT NULL,
    disabled_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_users PRIMARY KEY (id),
    CONSTRAINT ck_users_role CHECK (role IN ('ADMIN', 'TEACHER', 'STUDENT', 'PARENT'))
);
CREATE UNIQUE INDEX uq_users_email ON users (lower(email));
COMMENT ON TABLE users IS 'People; each has exactly one role';
COMMENT ON COLUMN users.id IS 'UUIDv7';
COMMENT ON COLUMN users.email IS 'Login name, unique whatever its case';
COMMENT ON COLUMN users.first_name IS 'Given name';
COMMENT ON COLUMN users.last_name IS 'Family name';
COMMENT ON COLUMN users.role IS 'ADMIN, TEACHER, STUDENT or PARENT';
COMMENT ON COLUMN users.disabled_at IS 'When the person was locked out, if they are';
COMMENT ON COLUMN users.created_at IS 'When the row was made';

CREATE TABLE courses (
    id UUID NOT NULL,
    subject_code TEXT NOT NULL,
    title TEXT NOT NULL,
    teacher_id UUID NOT NULL,
    CONSTRAINT pk_courses PRIMARY KEY (id),
    CONSTRAINT uq_courses_subject_code UNIQUE (subject_code),
    CONSTRAINT fk_courses_teacher_id FOREIGN KEY(teacher_id) REFERENCES users (id)
);
CREATE INDEX ix_courses_teacher_id ON courses (teacher_id);
COMMENT ON TABLE courses IS 'Courses; the owning teacher runs their sessions';
COMMENT ON COLUMN courses.id IS 'UUIDv7';
COMMENT ON COLUMN courses.subject_code IS 'e.g. TEST101';
COMMENT ON COLUMN courses.title IS 'e.g. Introduction to Testing';
COMMENT ON COLUMN courses.teacher_id IS 'Owning teacher';

CREATE TABLE credentials (
    user_id UUID NOT NULL,
    password_hash TEXT NOT NULL,
    CONSTRAINT pk_credentials PRIMARY KEY (user_id),
    CONSTRAINT fk_credentials_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
COMMENT ON TABLE credentials IS 'Argon2 hashes of local accounts';
COMMENT ON COLUMN credentials.user_id IS 'The person';
COMMENT ON COLUMN credentials.password_hash IS 'Argon2id in PHC string format';

CREATE TABLE parent_links (
    parent_id UUID NOT NULL,
    student_id UUID NOT NULL,
    CONSTRAINT pk_parent_links PRIMARY KEY (parent_id, student_id),
    CONSTRAINT fk_parent_links_parent_id FOREIGN KEY(parent_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_parent_links_student_id FOREIGN KEY(student_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_parent_links_student_id ON parent_links (student_id);
COMMENT ON TABLE parent_links IS 'Parents and their children';
COMMENT ON COLUMN parent_links.parent_id IS 'The parent';
COMMENT ON COLUMN parent_links.student_id IS 'The child';

CREATE TABLE students (
    user_id UUID NOT NULL,
    student_number TEXT NOT NULL,
    CONSTRAINT pk_students PRIMARY KEY (user_id),
    CONSTRAINT fk_students_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT uq_students_student_number UNIQUE (student_number)
);
COMMENT ON TABLE students IS 'Student numbers';
COMMENT ON COLUMN students.user_id IS 'The person';
COMMENT ON COLUMN students.student_number IS 'As printed on the card, e.g. S12345';

CREATE TABLE course_policies (
    course_id UUID NOT NULL,
    version INTEGER NOT NULL,
    late_after_minutes DOUBLE PRECISION NOT NULL,
    CONSTRAINT pk_course_policies PRIMARY KEY (course_id),
    CONSTRAINT ck_course_policies_late_after CHECK (late_after_minutes >= 0),
    CONSTRAINT ck_course_policies_version CHECK (version >= 1),
    CONSTRAINT fk_course_policies_course_id FOREIGN KEY(course_id) REFERENCES courses (id) ON DELETE CASCADE
);
COMMENT ON TABLE course_policies IS 'Thresholds per course';
COMMENT ON COLUMN course_policies.course_id IS 'The course';
COMMENT ON COLUMN course_policies.version IS 'Grows with every change';
COMMENT ON COLUMN course_policies.late_after_minutes IS 'Late strictly after this many minutes';

CREATE TABLE groups (
    id UUID NOT NULL,
    course_id UUID NOT NULL,
    name TEXT NOT NULL,
    CONSTRAINT pk_groups PRIMARY KEY (id),
    CONSTRAINT uq_groups_course_id_name UNIQUE (course_id, name),
    CONSTRAINT fk_groups_course_id FOREIGN KEY(course_id) REFERENCES courses (id) ON DELETE CASCADE
);
COMMENT ON TABLE groups IS 'Sections of courses';
COMMENT ON COLUMN groups.id IS 'UUIDv7';
COMMENT ON COLUMN groups.course_id IS 'The course';
COMMENT ON COLUMN groups.name IS 'e.g. Section A';

CREATE TABLE live_sessions (
    id UUID NOT NULL,
    course_id UUID NOT NULL,
    teacher_id UUID NOT NULL,
    class_name TEXT NOT NULL,
    session_type TEXT NOT NULL,
    mode TEXT NOT NULL,
    status TEXT NOT NULL,
    room TEXT,
    session_date DATE NOT NULL,
    scheduled_start TIMESTAMP WITH TIME ZONE,
    scheduled_end TIMESTAMP WITH TIME ZONE,
    started_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    code_reference BIGINT NOT NULL,
    code_generation INTEGER NOT NULL,
    code_visible BOOLEAN NOT NULL,
    rotate_seconds INTEGER NOT NULL,
    created_by UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_live_sessions PRIMARY KEY (id),
    CONSTRAINT ck_live_sessions_status CHECK (status IN ('scheduled', 'active', 'completed', 'cancelled')),
    CONSTRAINT ck_live_sessions_mode CHECK (mode IN ('in_person', 'online', 'hybrid')),
    CONSTRAINT ck_live_sessions_rotate_seconds CHECK (rotate_seconds BETWEEN 5 AND 300),
    CONSTRAINT ck_live_sessions_schedule CHECK (scheduled_end IS NULL OR scheduled_end > scheduled_start),
    CONSTRAINT ck_live_sessions_started CHECK ((status = 'scheduled') = (started_at IS NULL) OR status = 'cancelled'),
    CONSTRAINT ck_live_sessions_ended CHECK ((status IN ('completed', 'cancelled')) = (ended_at IS NOT NULL)),
    CONSTRAINT uq_live_sessions_id_status UNIQUE (id, status),
    CONSTRAINT fk_live_sessions_course_id FOREIGN KEY(course_id) REFERENCES courses (id),
    CONSTRAINT fk_live_sessions_teacher_id FOREIGN KEY(teacher_id) REFERENCES users (id),
    CONSTRAINT uq_live_sessions_code_reference UNIQUE (code_reference),
    CONSTRAINT fk_live_sessions_created_by FOREIGN KEY(created_by) REFERENCES users (id)
);
CREATE INDEX ix_live_sessions_ended_at ON live_sessions (ended_at);
CREATE INDEX ix_live_sessions_course_id_session_date ON live_sessions (course_id, session_date);
CREATE INDEX ix_live_sessions_open ON live_sessions (status) WHERE status IN ('scheduled', 'active');
CREATE INDEX ix_live_sessions_teacher_id_session_date ON live_sessions (teacher_id, session_date);
COMMENT ON TABLE live_sessions IS 'Meetings of courses';
COMMENT ON COLUMN live_sessions.id IS 'UUIDv7';
COMMENT ON COLUMN live_sessions.course_id IS 'The course';
COMMENT ON COLUMN live_sessions.teacher_id IS 'Who teaches or tutors it';
COMMENT ON COLUMN live_sessions.class_name IS 'Subject code and group names as they were then';
COMMENT ON COLUMN live_sessions.session_type IS 'lecture, lab, seminar, tutoring, exam, …';
COMMENT ON COLUMN live_sessions.mode IS 'in_person, online or hybrid';
COMMENT ON COLUMN live_sessions.status IS 'scheduled, active, completed or cancelled';
COMMENT ON COLUMN live_sessions.room IS 'Where, e.g. R 12';
COMMENT ON COLUMN live_sessions.session_date IS 'Campus date of the meeting; decides who is enrolled';
COMMENT ON COLUMN live_sessions.scheduled_start IS 'Planned start';
COMMENT ON COLUMN live_sessions.scheduled_end IS 'Planned end';
COMMENT ON COLUMN live_sessions.started_at IS 'Actual start';
COMMENT ON COLUMN live_sessions.ended_at IS 'Actual end, or when it was cancelled';
COMMENT ON COLUMN live_sessions.code_reference IS 'Random 40-bit name of the session inside check-in codes';
COMMENT ON COLUMN live_sessions.code_generation IS 'Grows when codes start anew';
COMMENT ON COLUMN live_sessions.code_visible IS 'False while check-in is paused';
COMMENT ON COLUMN live_sessions.rotate_seconds IS 'Length of a code step in seconds';
COMMENT ON COLUMN live_sessions.created_by IS 'Who made it';
COMMENT ON COLUMN live_sessions.created_at IS 'When it was made; code step 0';

CREATE TABLE attendance_records (
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    student_id UUID NOT NULL,
    user_type TEXT DEFAULT 'student' NOT NULL,
    status TEXT NOT NULL,
    source TEXT NOT NULL,
    notes TEXT,
    reason TEXT,
    marked_by UUID,
    marked_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_attendance_records PRIMARY KEY (id),
    CONSTRAINT uq_attendance_records_session_id_student_id UNIQUE (session_id, student_id),
    CONSTRAINT ck_attendance_records_status CHECK (status IN ('PRESENT', 'LATE', 'ABSENT', 'EXCUSED')),
    CONSTRAINT ck_attendance_records_source CHECK (source IN ('qr_checkin', 'manual', 'whiteboard_auto', 'parent_reported', 'admin_override', 'system_default')),
    CONSTRAINT ck_attendance_records_user_type CHECK (user_type IN ('tutor', 'student')),
    CONSTRAINT fk_attendance_records_session_id FOREIGN KEY(session_id) REFERENCES live_sessions (id),
    CONSTRAINT fk_attendance_records_student_id FOREIGN KEY(student_id) REFERENCES users (id),
    CONSTRAINT fk_attendance_records_marked_by FOREIGN KEY(marked_by) REFERENCES users (id)
);
CREATE INDEX ix_attendance_records_student_id ON attendance_records (student_id, marked_at);
COMMENT ON TABLE attendance_records IS 'Marks: one per session and person';
COMMENT ON COLUMN attendance_records.id IS 'UUIDv7';
COMMENT ON COLUMN attendance_records.session_id IS 'The session';
COMMENT ON COLUMN attendance_records.student_id IS 'Whose mark; for user_type tutor the tutor';
COMMENT ON COLUMN attendance_records.user_type IS 'student or tutor; only students count';
COMMENT ON COLUMN attendance_records.status IS 'PRESENT, LATE, ABSENT or EXCUSED';
COMMENT ON COLUMN attendance_records.source IS 'How the mark came to be';
COMMENT ON COLUMN attendance_records.notes IS 'What a person wrote about it';
COMMENT ON COLUMN attendance_records.reason IS 'Why it was last changed; copied into the history';
COMMENT ON COLUMN attendance_records.marked_by IS 'The last person who set it; null when Muster did';
COMMENT ON COLUMN attendance_records.marked_at IS 'When first marked';
COMMENT ON COLUMN attendance_records.updated_at IS 'When last changed';

CREATE TABLE attendance_status_changes (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    record_id UUID NOT NULL,
    session_id UUID NOT NULL,
    student_id UUID NOT NULL,
    old_status TEXT,
    new_status TEXT,
    reason TEXT,
    source TEXT NOT NULL,
    changed_by UUID,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_attendance_status_changes PRIMARY KEY (id),
    CONSTRAINT fk_attendance_status_changes_session_id FOREIGN KEY(session_id) REFERENCES live_sessions (id),
    CONSTRAINT fk_attendance_status_changes_student_id FOREIGN KEY(student_id) REFERENCES users (id),
    CONSTRAINT fk_attendance_status_changes_changed_by FOREIGN KEY(changed_by) REFERENCES users (id)
);
CREATE INDEX ix_attendance_status_changes_record_id ON attendance_status_changes (record_id, id);
CREATE INDEX ix_attendance_status_changes_session_id ON attendance_status_changes (session_id, id);
COMMENT ON TABLE attendance_status_changes IS 'History of marks; append-only';
COMMENT ON COLUMN attendance_status_changes.id IS 'Order of writing';
COMMENT ON COLUMN attendance_status_changes.record_id IS 'The mark; kept when it is deleted, so no foreign key';
COMMENT ON COLUMN attendance_status_changes.session_id IS 'The session';
COMMENT ON COLUMN attendance_status_changes.student_id IS 'Whose mark';
COMMENT ON COLUMN attendance_status_changes.old_status IS 'Null when the mark was made';
COMMENT ON COLUMN attendance_status_changes.new_status IS 'Null when the mark was deleted';
COMMENT ON COLUMN attendance_status_changes.reason IS 'Why';
COMMENT ON COLUMN attendance_status_changes.source IS 'How the new status came to be';
COMMENT ON COLUMN attendance_status_changes.changed_by IS 'Null: Muster itself';
COMMENT ON COLUMN attendance_status_changes.changed_at IS 'When';

CREATE TABLE check_ins (
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    student_id UUID NOT NULL,
    status TEXT NOT NULL,
    via TEXT NOT NULL,
    ticket_id BYTEA,
    scanned_at TIMESTAMP WITH TIME ZONE NOT NULL,
    accepted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    step_age_ms INTEGER,
    client_scanned_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_check_ins PRIMARY KEY (id),
    CONSTRAINT ck_check_ins_status CHECK (status IN ('PRESENT', 'LATE')),
    CONSTRAINT ck_check_ins_via CHECK (via IN ('ticket', 'token', 'short_code')),
    CONSTRAINT fk_check_ins_session_id FOREIGN KEY(session_id) REFERENCES live_sessions (id),
    CONSTRAINT fk_check_ins_student_id FOREIGN KEY(student_id) REFERENCES users (id),
    CONSTRAINT uq_check_ins_ticket_id UNIQUE (ticket_id)
);
CREATE INDEX ix_check_ins_session_id ON check_ins (session_id, accepted_at);
CREATE INDEX ix_check_ins_student_id ON check_ins (student_id, session_id);
COMMENT ON TABLE check_ins IS 'Accepted check-ins; the id is made at acceptance, so a second delivery changes nothing';
COMMENT ON COLUMN check_ins.id IS 'The check-in id that the student was given';
COMMENT ON COLUMN check_ins.session_id IS 'The session';
COMMENT ON COLUMN check_ins.student_id IS 'Who checked in';
COMMENT ON COLUMN check_ins.status IS 'PRESENT or LATE, by the time of the scan';
COMMENT ON COLUMN check_ins.via IS 'ticket, token or short_code';
COMMENT ON COLUMN check_ins.ticket_id IS 'A ticket is redeemed once';
COMMENT ON COLUMN check_ins.scanned_at IS 'Server time at which the code was shown to us';
COMMENT ON COLUMN check_ins.accepted_at IS 'Server time of acceptance';
COMMENT ON COLUMN check_ins.step_age_ms IS 'How far into its step the code was scanned';
COMMENT ON COLUMN check_ins.client_scanned_at IS 'The phone''s own time; evidence only';

CREATE TABLE connection_events (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    session_id UUID NOT NULL,
    user_id UUID NOT NULL,
    user_type TEXT NOT NULL,
    event TEXT NOT NULL,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_connection_events PRIMARY KEY (id),
    CONSTRAINT ck_connection_events_user_type CHECK (user_type IN ('tutor', 'student')),
    CONSTRAINT ck_connection_events_event CHECK (event IN ('connect', 'disconnect', 'timeout')),
    CONSTRAINT uq_connection_events_session_id_user_id_event_occurred_at UNIQUE (session_id, user_id, event, occurred_at),
    CONSTRAINT fk_connection_events_session_id FOREIGN KEY(session_id) REFERENCES live_sessions (id) ON DELETE CASCADE,
    CONSTRAINT fk_connection_events_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX ix_connection_events_session_id ON connection_events (session_id, occurred_at);
COMMENT ON TABLE connection_events IS 'Audit list of connection events';
COMMENT ON COLUMN connection_events.id IS 'Order of writing';
COMMENT ON COLUMN connection_events.session_id IS 'The session';
COMMENT ON COLUMN connection_events.user_id IS 'The person';
COMMENT ON COLUMN connection_events.user_type IS 'tutor or student';
COMMENT ON COLUMN connection_events.event IS 'connect, disconnect or timeout';
COMMENT ON COLUMN connection_events.occurred_at IS 'Server time of the event';

CREATE TABLE enrolments (
    id UUID NOT NULL,
    group_id UUID NOT NULL,
    student_id UUID NOT NULL,
    valid_from DATE NOT NULL,
    valid_until DATE,
    CONSTRAINT pk_enrolments PRIMARY KEY (id),
    CONSTRAINT uq_enrolments_group_id_student_id_valid_from UNIQUE (group_id, student_id, valid_from),
    CONSTRAINT ck_enrolments_span CHECK (valid_until IS NULL OR valid_until > valid_from),
    CONSTRAINT fk_enrolments_group_id FOREIGN KEY(group_id) REFERENCES groups (id) ON DELETE CASCADE,
    CONSTRAINT fk_enrolments_student_id FOREIGN KEY(student_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_enrolments_student_id ON enrolments (student_id);
COMMENT ON TABLE enrolments IS 'Dated membership of students in groups';
COMMENT ON COLUMN enrolments.id IS 'UUIDv7';
COMMENT ON COLUMN enrolments.group_id IS 'The group';
COMMENT ON COLUMN enrolments.student_id IS 'The student';
COMMENT ON COLUMN enrolments.valid_from IS 'First day in the group';
COMMENT ON COLUMN enrolments.valid_until IS 'First day no longer in the group; null while open';

CREATE TABLE presence (
    session_id UUID NOT NULL,
    user_id UUID NOT NULL,
    user_type TEXT NOT NULL,
    covered TSTZMULTIRANGE NOT NULL,
    first_connected_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_activity_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_disconnected_at TIMESTAMP WITH TIME ZONE,
    total_active_seconds DOUBLE PRECISION NOT NULL,
    connects INTEGER NOT NULL,
    activity_counts JSONB DEFAULT '{}' NOT NULL,
    CONSTRAINT pk_presence PRIMARY KEY (session_id, user_id),
    CONSTRAINT ck_presence_user_type CHECK (user_type IN ('tutor', 'student')),
    CONSTRAINT fk_presence_session_id FOREIGN KEY(session_id) REFERENCES live_sessions (id) ON DELETE CASCADE,
    CONSTRAINT fk_presence_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX ix_presence_user_id ON presence (user_id);
COMMENT ON TABLE presence IS 'Presence per session and participant';
COMMENT ON COLUMN presence.session_id IS 'The session';
COMMENT ON COLUMN presence.user_id IS 'The person';
COMMENT ON COLUMN presence.user_type IS 'tutor or student';
COMMENT ON COLUMN presence.covered IS 'Union of [t, t + 75 s) over all points; active = length - 75 s per run';
COMMENT ON COLUMN presence.first_connected_at IS 'Earliest point';
COMMENT ON COLUMN presence.last_activity_at IS 'Latest point';
COMMENT ON COLUMN presence.last_disconnected_at IS 'Latest disconnect';
COMMENT ON COLUMN presence.total_active_seconds IS 'Sum over runs of last - first point';
COMMENT ON COLUMN presence.connects IS 'Number of runs';
COMMENT ON COLUMN presence.activity_counts IS 'Activity kind to count; shown as evidence';

CREATE TABLE session_analytics (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    session_id UUID NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    enrolled INTEGER NOT NULL,
    present INTEGER NOT NULL,
    late INTEGER NOT NULL,
    absent INTEGER NOT NULL,
    excused INTEGER NOT NULL,
    connected INTEGER NOT NULL,
    CONSTRAINT pk_session_analytics PRIMARY KEY (id),
    CONSTRAINT uq_session_analytics_session_id_taken_at UNIQUE (session_id, taken_at),
    CONSTRAINT fk_session_analytics_session_id FOREIGN KEY(session_id) REFERENCES live_sessions (id) ON DELETE CASCADE
);
COMMENT ON TABLE session_analytics IS 'Counter snapshots over time';
COMMENT ON COLUMN session_analytics.id IS 'Order of writing';
COMMENT ON COLUMN session_analytics.session_id IS 'The session';
COMMENT ON COLUMN session_analytics.taken_at IS 'When the snapshot was taken';
COMMENT ON COLUMN session_analytics.enrolled IS 'Students enrolled';
COMMENT ON COLUMN session_analytics.present IS 'Marks PRESENT';
COMMENT ON COLUMN session_analytics.late IS 'Marks LATE';
COMMENT ON COLUMN session_analytics.absent IS 'Marks ABSENT';
COMMENT ON COLUMN session_analytics.excused IS 'Marks EXCUSED';
COMMENT ON COLUMN session_analytics.connected IS 'Students connected';

CREATE TABLE session_groups (
    session_id UUID NOT NULL,
    group_id UUID NOT NULL,
    session_status TEXT NOT NULL,
    CONSTRAINT pk_session_groups PRIMARY KEY (session_id, group_id),
    CONSTRAINT fk_session_groups_session_id_session_status FOREIGN KEY(session_id, session_status) REFERENCES live_sessions (id, status) ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT fk_session_groups_group_id FOREIGN KEY(group_id) REFERENCES groups (id)
);
CREATE INDEX ix_session_groups_group_id ON session_groups (group_id);
CREATE UNIQUE INDEX uq_session_groups_active ON session_groups (group_id) WHERE session_status = 'active';
COMMENT ON TABLE session_groups IS 'Which groups meet in which session';
COMMENT ON COLUMN session_groups.session_id IS 'The session';
COMMENT ON COLUMN session_groups.group_id IS 'The group';
COMMENT ON COLUMN session_groups.session_status IS 'Copy of the session''s status, kept by foreign key';

CREATE TABLE session_status_changes (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    session_id UUID NOT NULL,
    old_status TEXT,
    new_status TEXT NOT NULL,
    reason TEXT,
    changed_by UUID,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_session_status_changes PRIMARY KEY (id),
    CONSTRAINT fk_session_status_changes_session_id FOREIGN KEY(session_id) REFERENCES live_sessions (id),
    CONSTRAINT fk_session_status_changes_changed_by FOREIGN KEY(changed_by) REFERENCES users (id)
);
CREATE INDEX ix_session_status_changes_session_id ON session_status_changes (session_id, id);
COMMENT ON TABLE session_status_changes IS 'History of session statuses; append-only';
COMMENT ON COLUMN session_status_changes.id IS 'Order of writing';
COMMENT ON COLUMN session_status_changes.session_id IS 'The session';
COMMENT ON COLUMN session_status_changes.old_status IS 'Null when the session was made';
COMMENT ON COLUMN session_status_changes.new_status IS 'The status since then';
COMMENT ON COLUMN session_status_changes.reason IS 'Why, e.g. overdue';
COMMENT ON COLUMN session_status_changes.changed_by IS 'Null: Muster itself';
COMMENT ON COLUMN session_status_changes.changed_at IS 'When';

CREATE TABLE session_tallies (
    session_id UUID NOT NULL,
    enrolled INTEGER DEFAULT '0' NOT NULL,
    present INTEGER DEFAULT '0' NOT NULL,
    late INTEGER DEFAULT '0' NOT NULL,
    absent INTEGER DEFAULT '0' NOT NULL,
    excused INTEGER DEFAULT '0' NOT NULL,
    connected INTEGER DEFAULT '0' NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_session_tallies PRIMARY KEY (session_id),
    CONSTRAINT fk_session_tallies_session_id FOREIGN KEY(session_id) REFERENCES live_sessions (id) ON DELETE CASCADE
);
CREATE INDEX ix_session_tallies_updated_at ON session_tallies (updated_at);
COMMENT ON TABLE session_tallies IS 'Counters per session, kept incrementally';
COMMENT ON COLUMN session_tallies.session_id IS 'The session';
COMMENT ON COLUMN session_tallies.enrolled IS 'Students enrolled on the session''s date';
COMMENT ON COLUMN session_tallies.present IS 'Marks PRESENT';
COMMENT ON COLUMN session_tallies.late IS 'Marks LATE';
COMMENT ON COLUMN session_tallies.absent IS 'Marks ABSENT';
COMMENT ON COLUMN session_tallies.excused IS 'Marks EXCUSED';
COMMENT ON COLUMN session_tallies.connected IS 'Students connected now';
COMMENT ON COLUMN session_tallies.updated_at IS 'When a counter last changed';

CREATE TABLE websocket_channels (
    name TEXT NOT NULL,
    session_id UUID NOT NULL,
    config JSONB DEFAULT '{}' NOT NULL,
    connection_count INTEGER DEFAULT '0' NOT NULL,
    last_activity_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_websocket_channels PRIMARY KEY (name),
    CONSTRAINT uq_websocket_channels_session_id UNIQUE (session_id),
    CONSTRAINT fk_websocket_channels_session_id FOREIGN KEY(session_id) REFERENCES live_sessions (id) ON DELETE CASCADE
);
COMMENT ON TABLE websocket_channels IS 'Realtime channels; counts are snapshots, the live ones are in Redis';
COMMENT ON COLUMN websocket_channels.name IS 'attendance_updates_<session id>';
COMMENT ON COLUMN websocket_channels.session_id IS 'The session';
COMMENT ON COLUMN websocket_channels.config IS 'Channel settings';
COMMENT ON COLUMN websocket_channels.connection_count IS 'Sockets at the last snapshot';
COMMENT ON COLUMN websocket_channels.last_activity_at IS 'Last push seen by a snapshot';
