-- History is a chain per session: every row of either kind has the next place and a hash over its own content and the
-- hash before it. Where the chain ends is kept in another table, so a cut-off end shows too. shared/domain/history.py
-- says the same in Python; `muster verify-history` compares.
--
-- Whoever changes a mark or a session's status locks the session's head, so links are made one after the other. The
-- order of locks is: tallies, session, marks, head.

ALTER TABLE attendance_status_changes ADD COLUMN place BIGINT, ADD COLUMN hash BYTEA;
ALTER TABLE session_status_changes ADD COLUMN place BIGINT, ADD COLUMN hash BYTEA;
COMMENT ON COLUMN attendance_status_changes.place IS 'Place in the history of the session, from 1, shared with session_status_changes';
COMMENT ON COLUMN attendance_status_changes.hash IS 'SHA-256 over the hash at the place before and this row';
COMMENT ON COLUMN session_status_changes.place IS 'Place in the history of the session, from 1, shared with attendance_status_changes';
COMMENT ON COLUMN session_status_changes.hash IS 'SHA-256 over the hash at the place before and this row';

CREATE TABLE history_heads (
    session_id UUID NOT NULL,
    length BIGINT DEFAULT '0' NOT NULL,
    hash BYTEA DEFAULT '' NOT NULL,
    CONSTRAINT pk_history_heads PRIMARY KEY (session_id),
    CONSTRAINT fk_history_heads_session_id FOREIGN KEY(session_id) REFERENCES live_sessions (id)
);
COMMENT ON TABLE history_heads IS 'Where the history of each session ends';
COMMENT ON COLUMN history_heads.session_id IS 'The session';
COMMENT ON COLUMN history_heads.length IS 'Place of the last row of its history';
COMMENT ON COLUMN history_heads.hash IS 'Hash of that row; empty before the first';

-- What is hashed: a JSON array, as json.dumps of Python writes it too. Times are microseconds since 1970.
CREATE FUNCTION muster_micros(moment timestamptz) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT (extract(epoch FROM moment) * 1000000)::bigint $$;

CREATE FUNCTION muster_mark_content(session uuid, place bigint, record uuid, student uuid, old text, new text,
                                    reason text, source text, changed_by uuid, changed_at timestamptz) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT json_build_array('mark', session, place, record, student, old, new, reason, source, changed_by,
                            muster_micros(changed_at))::text
$$;
CREATE FUNCTION muster_status_content(session uuid, place bigint, old text, new text, reason text, changed_by uuid,
                                      changed_at timestamptz) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT json_build_array('session', session, place, old, new, reason, changed_by, muster_micros(changed_at))::text $$;

CREATE FUNCTION muster_link(previous bytea, start bytea, content text) RETURNS bytea
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$ BEGIN RETURN sha256(coalesce(previous, start) || convert_to(content, 'UTF8')); END $$;
COMMENT ON FUNCTION muster_link(bytea, bytea, text) IS 'The hash after a previous one, or after the start of this run';

-- As a window function it chains any number of rows in one pass.
CREATE AGGREGATE muster_chain(bytea, text) (SFUNC = muster_link, STYPE = bytea);

-- What there is already, in the order of its times.
INSERT INTO history_heads (session_id) SELECT id FROM live_sessions;
WITH placed AS (
    SELECT kind, id, row_number() OVER (PARTITION BY session_id ORDER BY changed_at, kind, id) AS place
    FROM (SELECT 0 AS kind, id, session_id, changed_at FROM session_status_changes
          UNION ALL SELECT 1, id, session_id, changed_at FROM attendance_status_changes) AS every_change
), statuses AS (
    UPDATE session_status_changes c SET place = p.place FROM placed p WHERE p.kind = 0 AND p.id = c.id
)
UPDATE attendance_status_changes c SET place = p.place FROM placed p WHERE p.kind = 1 AND p.id = c.id;
WITH chained AS (
    SELECT kind, id, session_id, place, muster_chain('', content) OVER (PARTITION BY session_id ORDER BY place) AS hash
    FROM (SELECT 0 AS kind, id, session_id, place,
                 muster_status_content(session_id, place, old_status, new_status, reason, changed_by, changed_at) AS content
          FROM session_status_changes
          UNION ALL
          SELECT 1, id, session_id, place,
                 muster_mark_content(session_id, place, record_id, student_id, old_status, new_status, reason, source,
                                     changed_by, changed_at)
          FROM attendance_status_changes) AS every_change
), statuses AS (
    UPDATE session_status_changes c SET hash = n.hash FROM chained n WHERE n.kind = 0 AND n.id = c.id
), marks AS (
    UPDATE attendance_status_changes c SET hash = n.hash FROM chained n WHERE n.kind = 1 AND n.id = c.id
)
UPDATE history_heads h SET length = n.place, hash = n.hash
FROM (SELECT DISTINCT ON (session_id) session_id, place, hash FROM chained ORDER BY session_id, place DESC) AS n
WHERE n.session_id = h.session_id;

DROP INDEX ix_attendance_status_changes_session_id;
DROP INDEX ix_session_status_changes_session_id;
ALTER TABLE attendance_status_changes
    ALTER COLUMN place SET NOT NULL,
    ALTER COLUMN hash SET NOT NULL,
    ADD CONSTRAINT uq_attendance_status_changes_session_id_place UNIQUE (session_id, place);
ALTER TABLE session_status_changes
    ALTER COLUMN place SET NOT NULL,
    ALTER COLUMN hash SET NOT NULL,
    ADD CONSTRAINT uq_session_status_changes_session_id_place UNIQUE (session_id, place);

ALTER TABLE history_heads ENABLE ROW LEVEL SECURITY;
ALTER TABLE history_heads FORCE ROW LEVEL SECURITY;
CREATE POLICY everything ON history_heads TO muster_owner, muster_admin, muster_worker USING (true) WITH CHECK (true);
CREATE POLICY taught ON history_heads TO muster_teacher
    USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));
CREATE POLICY reported ON history_heads TO muster_parent
    USING (EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));
GRANT SELECT, UPDATE (length, hash) ON history_heads TO muster_admin, muster_worker, muster_teacher, muster_parent;
GRANT INSERT ON history_heads TO muster_admin, muster_teacher;

-- Appending ------------------------------------------------------------------------------------------------

-- The moment is taken while the head is held, so times never run against places. Only the owner, who loads a
-- campus's past, may say when something happened.
CREATE FUNCTION muster_append_marks(changes attendance_status_changes[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    moment timestamptz;
BEGIN
    PERFORM 1 FROM history_heads WHERE session_id IN (SELECT session_id FROM unnest(changes))
    ORDER BY session_id FOR UPDATE;
    moment := clock_timestamp();
    INSERT INTO attendance_status_changes (record_id, session_id, student_id, old_status, new_status, reason, source,
                                           changed_by, changed_at, place, hash)
    SELECT record_id, session_id, student_id, old_status, new_status, reason, source, changed_by, at, next_place,
           muster_chain(start, muster_mark_content(session_id, next_place, record_id, student_id, old_status,
                                                   new_status, reason, source, changed_by, at))
               OVER (PARTITION BY session_id ORDER BY next_place)
    FROM (
        SELECT c.*, h.hash AS start,
               h.length + row_number() OVER (PARTITION BY c.session_id ORDER BY c.record_id) AS next_place,
               CASE WHEN current_user = 'muster_owner' THEN coalesce(c.changed_at, moment) ELSE moment END AS at
        FROM unnest(changes) AS c LEFT JOIN history_heads h ON h.session_id = c.session_id
    ) AS placed;
END
$$;

CREATE OR REPLACE FUNCTION muster_record_marks() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    changes attendance_status_changes[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg((NULL, id, session_id, student_id, NULL, status, reason, source, marked_by, marked_at, NULL,
                          NULL)::attendance_status_changes) INTO changes FROM new_rows;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg((NULL, id, session_id, student_id, status, NULL, 'deleted', source, muster_me(), NULL, NULL,
                          NULL)::attendance_status_changes) INTO changes FROM old_rows;
    ELSE
        SELECT array_agg((NULL, n.id, n.session_id, n.student_id, o.status, n.status, n.reason, n.source, n.marked_by,
                          NULL, NULL, NULL)::attendance_status_changes) INTO changes
        FROM new_rows n JOIN old_rows o ON o.id = n.id
        WHERE (o.status, o.source, o.notes, o.marked_by)
              IS DISTINCT FROM (n.status, n.source, n.notes, n.marked_by);
    END IF;
    IF changes IS NOT NULL THEN
        PERFORM muster_append_marks(changes);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION muster_record_session() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    why text := NULLIF(current_setting('muster.reason', true), '');
    previous text := NULL;
    moment timestamptz;
    head history_heads;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO session_tallies (session_id) VALUES (NEW.id);
        INSERT INTO websocket_channels (name, session_id) VALUES ('attendance_updates_' || NEW.id, NEW.id);
        INSERT INTO history_heads (session_id) VALUES (NEW.id);
    ELSE
        previous := OLD.status;
    END IF;
    SELECT * INTO STRICT head FROM history_heads WHERE session_id = NEW.id FOR UPDATE;
    moment := clock_timestamp();
    IF current_user = 'muster_owner' AND TG_OP = 'INSERT' THEN
        moment := coalesce(NEW.started_at, moment);
    END IF;
    INSERT INTO session_status_changes (session_id, old_status, new_status, reason, changed_by, changed_at, place, hash)
    VALUES (NEW.id, previous, NEW.status, why, muster_me(), moment, head.length + 1, muster_link(head.hash, NULL,
            muster_status_content(NEW.id, head.length + 1, previous, NEW.status, why, muster_me(), moment)));
    RETURN NULL;
END
$$;

-- Whoever appends a row, by whatever statement, it must be the next link, or it is refused; then the head moves on.
CREATE FUNCTION muster_extend_history() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    broken uuid;
BEGIN
    IF TG_TABLE_NAME = 'attendance_status_changes' THEN
        SELECT session_id INTO broken FROM (
            SELECT n.session_id, n.place, n.hash,
                   h.length + row_number() OVER chain AS next_place,
                   muster_chain(h.hash, muster_mark_content(n.session_id, n.place, n.record_id, n.student_id,
                       n.old_status, n.new_status, n.reason, n.source, n.changed_by, n.changed_at)) OVER chain AS link
            FROM new_rows n LEFT JOIN history_heads h ON h.session_id = n.session_id
            WINDOW chain AS (PARTITION BY n.session_id ORDER BY n.place)
        ) AS expected WHERE (place, hash) IS DISTINCT FROM (next_place, link) LIMIT 1;
    ELSE
        SELECT session_id INTO broken FROM (
            SELECT n.session_id, n.place, n.hash,
                   h.length + row_number() OVER chain AS next_place,
                   muster_chain(h.hash, muster_status_content(n.session_id, n.place, n.old_status, n.new_status,
                       n.reason, n.changed_by, n.changed_at)) OVER chain AS link
            FROM new_rows n LEFT JOIN history_heads h ON h.session_id = n.session_id
            WINDOW chain AS (PARTITION BY n.session_id ORDER BY n.place)
        ) AS expected WHERE (place, hash) IS DISTINCT FROM (next_place, link) LIMIT 1;
    END IF;
    IF FOUND THEN
        RAISE EXCEPTION 'a change does not continue the history of session %', broken USING ERRCODE = 'check_violation';
    END IF;
    UPDATE history_heads h SET length = n.place, hash = n.hash
    FROM (SELECT DISTINCT ON (session_id) session_id, place, hash FROM new_rows ORDER BY session_id, place DESC) AS n
    WHERE n.session_id = h.session_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER extend_history AFTER INSERT ON attendance_status_changes
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION muster_extend_history();
CREATE TRIGGER extend_history AFTER INSERT ON session_status_changes
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION muster_extend_history();

-- For application roles a head begins empty and moves only onward, to a row that is there.
CREATE FUNCTION muster_guard_head() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF current_user = 'muster_owner'
       OR TG_OP = 'INSERT' AND NEW.length = 0 AND NEW.hash = ''
       OR TG_OP = 'UPDATE' AND NEW.length > OLD.length AND (
           EXISTS (SELECT 1 FROM attendance_status_changes c
                   WHERE c.session_id = NEW.session_id AND c.place = NEW.length AND c.hash = NEW.hash)
           OR EXISTS (SELECT 1 FROM session_status_changes c
                      WHERE c.session_id = NEW.session_id AND c.place = NEW.length AND c.hash = NEW.hash)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the history of session % does not end there', NEW.session_id USING ERRCODE = 'check_violation';
END
$$;
CREATE TRIGGER guard_head BEFORE INSERT OR UPDATE ON history_heads
    FOR EACH ROW EXECUTE FUNCTION muster_guard_head();
