-- Exports too large to wait for: asked for by a person, written by a worker, kept for a while.

CREATE TABLE exports (
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    requested_by UUID NOT NULL,
    format TEXT NOT NULL,
    status TEXT DEFAULT 'waiting' NOT NULL,
    tries INTEGER DEFAULT '0' NOT NULL,
    rows_done INTEGER DEFAULT '0' NOT NULL,
    rows_total INTEGER NOT NULL,
    size BIGINT,
    requested_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_exports PRIMARY KEY (id),
    CONSTRAINT ck_exports_format CHECK (format IN ('csv', 'xlsx')),
    CONSTRAINT ck_exports_status CHECK (status IN ('waiting', 'done', 'failed')),
    CONSTRAINT ck_exports_size CHECK ((status = 'done') = (size IS NOT NULL)),
    CONSTRAINT fk_exports_session_id FOREIGN KEY(session_id) REFERENCES live_sessions (id) ON DELETE CASCADE,
    CONSTRAINT fk_exports_requested_by FOREIGN KEY(requested_by) REFERENCES users (id)
);
-- Asking again while one is being written gives that one.
CREATE UNIQUE INDEX uq_exports_waiting ON exports (session_id, requested_by, format) WHERE status = 'waiting';
CREATE INDEX ix_exports_expires_at ON exports (expires_at);
COMMENT ON TABLE exports IS 'Exports written in the background; deleted when they expire';
COMMENT ON COLUMN exports.id IS 'UUIDv7';
COMMENT ON COLUMN exports.session_id IS 'The session whose roll it is';
COMMENT ON COLUMN exports.requested_by IS 'Who asked for it, and may fetch it';
COMMENT ON COLUMN exports.format IS 'csv or xlsx';
COMMENT ON COLUMN exports.status IS 'waiting (to be written or being written), done or failed';
COMMENT ON COLUMN exports.tries IS 'How often a worker has begun to write it';
COMMENT ON COLUMN exports.rows_done IS 'Rows written so far';
COMMENT ON COLUMN exports.rows_total IS 'Rows expected when it was asked for';
COMMENT ON COLUMN exports.size IS 'Bytes of the file, once done';
COMMENT ON COLUMN exports.requested_at IS 'When it was asked for';
COMMENT ON COLUMN exports.expires_at IS 'When it is deleted';

CREATE TABLE export_chunks (
    export_id UUID NOT NULL,
    place INTEGER NOT NULL,
    content BYTEA NOT NULL,
    CONSTRAINT pk_export_chunks PRIMARY KEY (export_id, place),
    CONSTRAINT fk_export_chunks_export_id FOREIGN KEY(export_id) REFERENCES exports (id) ON DELETE CASCADE
);
COMMENT ON TABLE export_chunks IS 'The file of an export in pieces, so that any API process can send it';
COMMENT ON COLUMN export_chunks.export_id IS 'The export';
COMMENT ON COLUMN export_chunks.place IS 'Which piece, from 0';
COMMENT ON COLUMN export_chunks.content IS 'The bytes';
-- The file is compressed already, or read once: TOAST need not try.
ALTER TABLE export_chunks ALTER COLUMN content SET STORAGE EXTERNAL;

ALTER TABLE exports ENABLE ROW LEVEL SECURITY;
ALTER TABLE exports FORCE ROW LEVEL SECURITY;
ALTER TABLE export_chunks ENABLE ROW LEVEL SECURITY;
ALTER TABLE export_chunks FORCE ROW LEVEL SECURITY;
CREATE POLICY everything ON exports TO muster_owner, muster_worker USING (true) WITH CHECK (true);
CREATE POLICY everything ON export_chunks TO muster_owner, muster_worker USING (true) WITH CHECK (true);
-- Only whoever asked may see it, and only while the session is theirs.
CREATE POLICY own ON exports TO muster_admin, muster_teacher
    USING (requested_by = muster_me() AND EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id))
    WITH CHECK (requested_by = muster_me() AND EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = session_id));
CREATE POLICY own ON export_chunks FOR SELECT TO muster_admin, muster_teacher
    USING (EXISTS (SELECT 1 FROM exports e WHERE e.id = export_id));
GRANT SELECT ON exports, export_chunks TO muster_admin, muster_teacher;
-- What a worker says of it is not theirs to write.
GRANT INSERT (id, session_id, requested_by, format, rows_total, expires_at) ON exports TO muster_admin, muster_teacher;
GRANT SELECT, UPDATE, DELETE ON exports TO muster_worker;
GRANT SELECT, INSERT, DELETE ON export_chunks TO muster_worker;
