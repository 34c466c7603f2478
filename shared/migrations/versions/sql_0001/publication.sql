-- Logical replication consumers follow the realtime tables here (4-pipeline 4.3). Needs wal_level = logical.
CREATE PUBLICATION live_attendance_pub FOR TABLE
    live_sessions, attendance_records, session_status_changes, attendance_status_changes, session_tallies,
    session_analytics, websocket_channels;
