-- Who looked at whose attendance (5-security, privacy): views of a student's record by somebody else, and exports.
-- What was looked at is named without a foreign key: the log outlives it.

CREATE TABLE access_log (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    accessed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    person_id UUID,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    subject_id UUID,
    detail TEXT,
    CONSTRAINT pk_access_log PRIMARY KEY (id),
    CONSTRAINT ck_access_log_action CHECK (action IN ('view', 'export')),
    CONSTRAINT ck_access_log_subject CHECK (subject IN ('student', 'session', 'course', 'report')),
    CONSTRAINT fk_access_log_person_id FOREIGN KEY(person_id) REFERENCES users (id)
);
CREATE INDEX ix_access_log_subject ON access_log (subject, subject_id, id);
CREATE INDEX ix_access_log_person_id ON access_log (person_id, id);
COMMENT ON TABLE access_log IS 'Views and exports of attendance; append-only';
COMMENT ON COLUMN access_log.id IS 'Order of writing';
COMMENT ON COLUMN access_log.accessed_at IS 'When';
COMMENT ON COLUMN access_log.person_id IS 'Who; null: somebody at the command line of the server';
COMMENT ON COLUMN access_log.action IS 'view or export';
COMMENT ON COLUMN access_log.subject IS 'What kind of thing was looked at';
COMMENT ON COLUMN access_log.subject_id IS 'Which one; null for a report over many';
COMMENT ON COLUMN access_log.detail IS 'In which form, e.g. csv, or the name of the report';

ALTER TABLE access_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_log FORCE ROW LEVEL SECURITY;
CREATE POLICY everything ON access_log TO muster_owner USING (true) WITH CHECK (true);
CREATE POLICY read_all ON access_log FOR SELECT TO muster_admin USING (true);
-- Nobody can put an entry in somebody else's name, and nobody can take one out.
CREATE POLICY own_steps ON access_log FOR INSERT TO muster_admin, muster_teacher, muster_parent
    WITH CHECK (person_id = muster_me());
-- Students may see who looked at them.
CREATE POLICY about_me ON access_log FOR SELECT TO muster_student
    USING (subject = 'student' AND subject_id = muster_me());
GRANT INSERT ON access_log TO muster_admin, muster_teacher, muster_parent;
GRANT SELECT ON access_log TO muster_admin, muster_student;
