-- Check-in rules of a session: a fence, and what becomes of who is outside it or uses somebody else's phone.

ALTER TABLE live_sessions
    ADD COLUMN fence_latitude DOUBLE PRECISION,
    ADD COLUMN fence_longitude DOUBLE PRECISION,
    ADD COLUMN fence_radius_meters DOUBLE PRECISION,
    ADD COLUMN fence_rule TEXT DEFAULT 'refuse' NOT NULL,
    ADD COLUMN device_rule TEXT DEFAULT 'flag' NOT NULL,
    ADD CONSTRAINT ck_live_sessions_fence_rule CHECK (fence_rule IN ('refuse', 'flag')),
    ADD CONSTRAINT ck_live_sessions_device_rule CHECK (device_rule IN ('refuse', 'flag')),
    ADD CONSTRAINT ck_live_sessions_fence CHECK (
        (fence_latitude IS NULL) = (fence_longitude IS NULL)
        AND (fence_latitude IS NULL) = (fence_radius_meters IS NULL)
        AND (fence_latitude IS NULL OR fence_radius_meters > 0
             AND fence_latitude BETWEEN -90 AND 90 AND fence_longitude BETWEEN -180 AND 180));
COMMENT ON COLUMN live_sessions.fence_latitude IS 'Centre of the fence in degrees; null: no fence';
COMMENT ON COLUMN live_sessions.fence_longitude IS 'Centre of the fence in degrees';
COMMENT ON COLUMN live_sessions.fence_radius_meters IS 'Radius of the fence';
COMMENT ON COLUMN live_sessions.fence_rule IS 'refuse or flag a check-in outside the fence';
COMMENT ON COLUMN live_sessions.device_rule IS 'refuse or flag a second student on one device';

ALTER TABLE check_ins
    ADD COLUMN device BYTEA,
    ADD COLUMN inside BOOLEAN,
    ADD COLUMN distance_meters INTEGER,
    ADD COLUMN on_campus BOOLEAN;
CREATE INDEX ix_check_ins_device ON check_ins (session_id, device) WHERE device IS NOT NULL;
COMMENT ON COLUMN check_ins.device IS 'Fingerprint of the device''s cookie; null where there was none';
COMMENT ON COLUMN check_ins.inside IS 'Whether the phone was inside the fence; null: no fence, or no location';
COMMENT ON COLUMN check_ins.distance_meters IS 'Upper end of the distance band from the fence''s centre';
COMMENT ON COLUMN check_ins.on_campus IS 'Whether it came from a campus network; null where none are configured';

ALTER TABLE redemptions ADD COLUMN device BYTEA;
COMMENT ON COLUMN redemptions.device IS 'Fingerprint of the device''s cookie';

-- Flags ----------------------------------------------------------------------------------------------------

CREATE TABLE check_in_flags (
    session_id UUID NOT NULL,
    student_id UUID NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    raised_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_check_in_flags PRIMARY KEY (session_id, student_id, kind),
    CONSTRAINT ck_check_in_flags_kind CHECK (kind IN ('outside_geofence', 'no_location', 'shared_device', 'off_campus', 'late_in_step', 'burst', 'always_together')),
    CONSTRAINT fk_check_in_flags_session_id FOREIGN KEY(session_id) REFERENCES live_sessions (id) ON DELETE CASCADE,
    CONSTRAINT fk_check_in_flags_student_id FOREIGN KEY(student_id) REFERENCES users (id)
);
CREATE INDEX ix_check_in_flags_student_id ON check_in_flags (student_id);
COMMENT ON TABLE check_in_flags IS 'What a person should look at; a flag never changes a mark';
COMMENT ON COLUMN check_in_flags.session_id IS 'The session';
COMMENT ON COLUMN check_in_flags.student_id IS 'Whose check-in';
COMMENT ON COLUMN check_in_flags.kind IS 'What was noticed';
COMMENT ON COLUMN check_in_flags.detail IS 'The numbers behind it, as a sentence';
COMMENT ON COLUMN check_in_flags.raised_at IS 'When it was noticed';

-- Calls to confirm: a random re-check, or at the exit ---------------------------------------------------------

CREATE TABLE confirmation_calls (
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    kind TEXT NOT NULL,
    called_by UUID NOT NULL,
    called_at TIMESTAMP WITH TIME ZONE NOT NULL,
    closes_at TIMESTAMP WITH TIME ZONE NOT NULL,
    asked UUID[] NOT NULL,
    CONSTRAINT pk_confirmation_calls PRIMARY KEY (id),
    CONSTRAINT ck_confirmation_calls_kind CHECK (kind IN ('recheck', 'exit')),
    CONSTRAINT ck_confirmation_calls_times CHECK (closes_at > called_at),
    CONSTRAINT fk_confirmation_calls_session_id FOREIGN KEY(session_id) REFERENCES live_sessions (id) ON DELETE CASCADE,
    CONSTRAINT fk_confirmation_calls_called_by FOREIGN KEY(called_by) REFERENCES users (id)
);
CREATE INDEX ix_confirmation_calls_session_id ON confirmation_calls (session_id, called_at);
COMMENT ON TABLE confirmation_calls IS 'A teacher asks students of a running session to confirm that they are there';
COMMENT ON COLUMN confirmation_calls.id IS 'UUIDv7';
COMMENT ON COLUMN confirmation_calls.session_id IS 'The session';
COMMENT ON COLUMN confirmation_calls.kind IS 'recheck or exit';
COMMENT ON COLUMN confirmation_calls.called_by IS 'Who asked';
COMMENT ON COLUMN confirmation_calls.called_at IS 'When';
COMMENT ON COLUMN confirmation_calls.closes_at IS 'Until when an answer counts';
COMMENT ON COLUMN confirmation_calls.asked IS 'The students who were asked';

CREATE TABLE confirmations (
    call_id UUID NOT NULL,
    student_id UUID NOT NULL,
    session_id UUID NOT NULL,
    confirmed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    via TEXT NOT NULL,
    CONSTRAINT pk_confirmations PRIMARY KEY (call_id, student_id),
    CONSTRAINT ck_confirmations_via CHECK (via IN ('ticket', 'token', 'short_code')),
    CONSTRAINT fk_confirmations_call_id FOREIGN KEY(call_id) REFERENCES confirmation_calls (id) ON DELETE CASCADE,
    CONSTRAINT fk_confirmations_student_id FOREIGN KEY(student_id) REFERENCES users (id),
    CONSTRAINT fk_confirmations_session_id FOREIGN KEY(session_id) REFERENCES live_sessions (id) ON DELETE CASCADE
);
CREATE INDEX ix_confirmations_session_id ON confirmations (session_id);
CREATE INDEX ix_confirmations_student_id ON confirmations (student_id);
COMMENT ON TABLE confirmations IS 'Answers to calls: evidence beside the check-in, never a mark';
COMMENT ON COLUMN confirmations.call_id IS 'The call';
COMMENT ON COLUMN confirmations.student_id IS 'Who answered';
COMMENT ON COLUMN confirmations.session_id IS 'The session';
COMMENT ON COLUMN confirmations.confirmed_at IS 'Server time of the answer';
COMMENT ON COLUMN confirmations.via IS 'What was shown: ticket, token or short_code';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['check_in_flags', 'confirmation_calls', 'confirmations']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY everything ON %I TO muster_owner, muster_admin, muster_worker '
                       'USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY taught ON %I TO muster_teacher '
                       'USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id))', name);
    END LOOP;
END
$$;
GRANT SELECT ON check_in_flags, confirmation_calls, confirmations TO muster_worker, muster_admin, muster_teacher;
GRANT INSERT, DELETE ON check_in_flags TO muster_worker;
GRANT INSERT ON confirmations TO muster_worker;
GRANT INSERT ON confirmation_calls TO muster_admin, muster_teacher;
GRANT SELECT ON confirmation_calls, confirmations TO muster_student, muster_parent;
GRANT SELECT ON confirmation_calls TO muster_service;
CREATE POLICY service ON confirmation_calls FOR SELECT TO muster_service USING (true);
CREATE POLICY asked ON confirmation_calls FOR SELECT TO muster_student USING (muster_me() = ANY (asked));
CREATE POLICY own ON confirmations FOR SELECT TO muster_student USING (student_id = muster_me());
CREATE POLICY own_children ON confirmations FOR SELECT TO muster_parent
    USING (student_id IN (SELECT student_id FROM parent_links));
