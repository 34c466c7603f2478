#!/bin/sh
# Run by the PostgreSQL image once, after roles.sql: one login per kind of process. A login may do nothing itself; it is a
# member of the one role that its process takes at the start of a connection (shared/database.py).
set -eu
psql --set=ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set=api="$(cat /run/secrets/api_password)" --set=worker="$(cat /run/secrets/worker_password)" <<'SQL'
CREATE ROLE api LOGIN NOINHERIT PASSWORD :'api';
CREATE ROLE worker LOGIN NOINHERIT PASSWORD :'worker';
GRANT muster_app TO api;
GRANT muster_worker TO worker;
SQL
