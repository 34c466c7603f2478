-- What admins change by hand leaves a trace that nobody can take back, in the transaction of the change.

CREATE TABLE admin_changes (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_by UUID NOT NULL,
    table_name TEXT NOT NULL,
    row_id TEXT NOT NULL,
    action TEXT NOT NULL,
    reason TEXT,
    before JSONB,
    after JSONB,
    CONSTRAINT pk_admin_changes PRIMARY KEY (id),
    CONSTRAINT fk_admin_changes_changed_by FOREIGN KEY(changed_by) REFERENCES users (id)
);
CREATE INDEX ix_admin_changes_table_name ON admin_changes (table_name, row_id, id);
CREATE INDEX ix_admin_changes_changed_by ON admin_changes (changed_by, id);
COMMENT ON TABLE admin_changes IS 'Changes made in the admin interface; append-only';
COMMENT ON COLUMN admin_changes.id IS 'Order of writing';
COMMENT ON COLUMN admin_changes.changed_at IS 'When';
COMMENT ON COLUMN admin_changes.changed_by IS 'The admin';
COMMENT ON COLUMN admin_changes.table_name IS 'Which table';
COMMENT ON COLUMN admin_changes.row_id IS 'Primary key of the row; several columns are joined by commas';
COMMENT ON COLUMN admin_changes.action IS 'create, change, delete, disable, enable or put_back';
COMMENT ON COLUMN admin_changes.reason IS 'Why, where it was asked for';
COMMENT ON COLUMN admin_changes.before IS 'The row before, without secrets; null: new';
COMMENT ON COLUMN admin_changes.after IS 'The row after, without secrets; null: gone';

ALTER TABLE admin_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE admin_changes FORCE ROW LEVEL SECURITY;
CREATE POLICY everything ON admin_changes TO muster_owner USING (true) WITH CHECK (true);
CREATE POLICY read_all ON admin_changes FOR SELECT TO muster_admin USING (true);
-- Nobody can put a change in somebody else's name, and nobody can take one out.
CREATE POLICY own_steps ON admin_changes FOR INSERT TO muster_admin WITH CHECK (changed_by = muster_me());
GRANT SELECT, INSERT ON admin_changes TO muster_admin;

-- Every table can be looked at; the columns with what a person could misuse (events as they came, files) cannot.
GRANT SELECT (id, attempts, retry_at, received_at) ON inbox TO muster_admin;
GRANT SELECT ON counted_deliveries, redemptions TO muster_admin;
CREATE POLICY read_all ON counted_deliveries FOR SELECT TO muster_admin USING (true);
CREATE POLICY read_all ON redemptions FOR SELECT TO muster_admin USING (true);
