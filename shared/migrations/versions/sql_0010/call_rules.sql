-- Calls to confirm that a session makes by itself: once at a random moment, or some minutes before its planned end.

ALTER TABLE confirmation_calls ALTER COLUMN called_by DROP NOT NULL;
-- However many workers look, a session asks by itself once for each kind.
CREATE UNIQUE INDEX uq_confirmation_calls_by_rule ON confirmation_calls (session_id, kind) WHERE called_by IS NULL;
COMMENT ON TABLE confirmation_calls IS 'Students of a running session are asked to confirm that they are there';
COMMENT ON COLUMN confirmation_calls.called_by IS 'Who asked; null: the session''s own rule';

CREATE TABLE call_rules (
    session_id UUID NOT NULL,
    kind TEXT NOT NULL,
    share DOUBLE PRECISION NOT NULL,
    seconds INTEGER NOT NULL,
    minutes_before INTEGER,
    due_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_call_rules PRIMARY KEY (session_id, kind),
    CONSTRAINT ck_call_rules_kind CHECK (kind IN ('recheck', 'exit')),
    CONSTRAINT ck_call_rules_share CHECK (share > 0 AND share <= 1),
    CONSTRAINT ck_call_rules_seconds CHECK (seconds BETWEEN 30 AND 600),
    CONSTRAINT ck_call_rules_when CHECK ((kind = 'exit') = (minutes_before IS NOT NULL)),
    CONSTRAINT fk_call_rules_session_id FOREIGN KEY(session_id) REFERENCES live_sessions (id) ON DELETE CASCADE
);
COMMENT ON TABLE call_rules IS 'Calls to confirm that sessions make by themselves';
COMMENT ON COLUMN call_rules.session_id IS 'The session';
COMMENT ON COLUMN call_rules.kind IS 'recheck: at a random moment; exit: before the planned end';
COMMENT ON COLUMN call_rules.share IS 'How many of those in the room are asked, from 0 to 1';
COMMENT ON COLUMN call_rules.seconds IS 'How long an answer counts';
COMMENT ON COLUMN call_rules.minutes_before IS 'Of an exit check: how long before the planned end';
COMMENT ON COLUMN call_rules.due_at IS 'Of a re-check: the moment that was drawn; null: not drawn yet. Only admins may read it';

ALTER TABLE call_rules ENABLE ROW LEVEL SECURITY;
ALTER TABLE call_rules FORCE ROW LEVEL SECURITY;
CREATE POLICY everything ON call_rules TO muster_owner, muster_admin, muster_worker USING (true) WITH CHECK (true);
CREATE POLICY taught ON call_rules TO muster_teacher
    USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));
GRANT SELECT, INSERT, DELETE, UPDATE (share, seconds, minutes_before) ON call_rules TO muster_admin;
-- Not the moment: a screen in front of the class must not be able to show it.
GRANT SELECT (session_id, kind, share, seconds, minutes_before), DELETE,
      INSERT (session_id, kind, share, seconds, minutes_before),
      UPDATE (share, seconds, minutes_before) ON call_rules TO muster_teacher;
GRANT SELECT, UPDATE (due_at) ON call_rules TO muster_worker;
GRANT INSERT ON confirmation_calls TO muster_worker;
GRANT UPDATE (code_generation) ON live_sessions TO muster_worker;
