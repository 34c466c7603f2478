-- Presence as the drain keeps it (1-domain 1.1): everything is derived from the union of ranges [t, t + 75 s).

ALTER TABLE presence ADD COLUMN connected boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN presence.connected IS 'Connected as far as the last sweep knows: no disconnect since the latest point';
CREATE INDEX ix_presence_connected ON presence (last_activity_at) WHERE connected;

-- Activity counts are sums, so unlike everything else a second delivery must not be counted again.
CREATE TABLE counted_deliveries (
    delivery TEXT NOT NULL,
    counted_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_counted_deliveries PRIMARY KEY (delivery)
);
COMMENT ON TABLE counted_deliveries IS 'Deliveries whose activities are counted; kept for as long as one may come again';
COMMENT ON COLUMN counted_deliveries.delivery IS 'Origin, entry id and place';
COMMENT ON COLUMN counted_deliveries.counted_at IS 'When it was counted';
ALTER TABLE counted_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE counted_deliveries FORCE ROW LEVEL SECURITY;
CREATE POLICY everything ON counted_deliveries TO muster_owner, muster_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON counted_deliveries TO muster_worker;

CREATE FUNCTION muster_active_seconds(covered tstzmultirange) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT coalesce(sum(extract(epoch FROM upper(r) - lower(r)) - 75), 0)::double precision FROM unnest(covered) r $$;
COMMENT ON FUNCTION muster_active_seconds(tstzmultirange) IS 'Total length minus 75 s per run';

CREATE FUNCTION muster_runs(covered tstzmultirange) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT count(*)::integer FROM unnest(covered) r $$;
COMMENT ON FUNCTION muster_runs(tstzmultirange) IS 'Connects: the number of runs';

-- The twenty alphabetically first kinds keep their name, the rest is "other" (shared/domain/presence.py).
CREATE FUNCTION muster_add_activities(one jsonb, more jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT coalesce(jsonb_object_agg(kind, times), '{}') FROM (
        SELECT CASE WHEN place <= 20 THEN kind ELSE 'other' END AS kind, sum(times) AS times
        FROM (
            SELECT kind, sum(times) AS times,
                   CASE WHEN kind = 'other' THEN 0 ELSE row_number() OVER (ORDER BY kind = 'other', kind) END AS place
            FROM (SELECT key AS kind, value::bigint AS times FROM jsonb_each_text(one)
                  UNION ALL SELECT key, value::bigint FROM jsonb_each_text(more)) AS both_parts
            GROUP BY kind
        ) AS placed
        GROUP BY 1
    ) AS named
$$;
COMMENT ON FUNCTION muster_add_activities(jsonb, jsonb) IS 'Sum of two activity counts, at most twenty kinds and other';

-- Students and parents see their tutor's presence beside their own.
CREATE POLICY tutors ON presence FOR SELECT TO muster_student, muster_parent
    USING (user_type = 'tutor' AND EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));
CREATE POLICY tutors ON connection_events FOR SELECT TO muster_student, muster_parent
    USING (user_type = 'tutor' AND EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));

-- While Redis is away the API redeems check-ins here, so it must know those that were drained before.
CREATE TABLE redemptions (
    session_id UUID NOT NULL,
    student_id UUID NOT NULL,
    ticket_id BYTEA,
    check_in_id UUID NOT NULL,
    status TEXT NOT NULL,
    scanned_at TIMESTAMP WITH TIME ZONE NOT NULL,
    redeemed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_redemptions PRIMARY KEY (session_id, student_id),
    CONSTRAINT uq_redemptions_ticket_id UNIQUE (ticket_id)
);
COMMENT ON TABLE redemptions IS 'Check-ins accepted while Redis was away; kept for a day';
COMMENT ON COLUMN redemptions.session_id IS 'The session';
COMMENT ON COLUMN redemptions.student_id IS 'Who checked in';
COMMENT ON COLUMN redemptions.ticket_id IS 'The ticket that was spent';
COMMENT ON COLUMN redemptions.check_in_id IS 'The check-in id that the student was given';
COMMENT ON COLUMN redemptions.status IS 'PRESENT or LATE';
COMMENT ON COLUMN redemptions.scanned_at IS 'Server time of the scan';
COMMENT ON COLUMN redemptions.redeemed_at IS 'When it was accepted';
ALTER TABLE redemptions ENABLE ROW LEVEL SECURITY;
ALTER TABLE redemptions FORCE ROW LEVEL SECURITY;
CREATE POLICY everything ON redemptions TO muster_owner, muster_worker USING (true) WITH CHECK (true);
CREATE POLICY service ON redemptions TO muster_service USING (true) WITH CHECK (true);
CREATE POLICY service ON check_ins FOR SELECT TO muster_service USING (true);
GRANT SELECT, INSERT ON redemptions TO muster_service;
GRANT SELECT, DELETE ON redemptions TO muster_worker;
GRANT SELECT ON check_ins TO muster_service;
