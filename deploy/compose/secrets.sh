#!/bin/sh
# Make the secrets of deploy/compose.yaml once, each in a file of its own that only you may read.
#
#   sh deploy/compose/secrets.sh [DIRECTORY]     (deploy/compose/secrets unless given)
#
# The directory is yours alone. The files in it can be read, because each container mounts its own files only, and reads
# them as whoever it runs as.
set -eu
umask 077
directory=${1:-$(dirname "$0")/secrets}
mkdir -p "$directory"
cd "$directory"
[ -z "$(ls -A)" ] || { echo "there are secrets in $directory; delete them first if you mean it" >&2; exit 1; }

random() { openssl rand -hex 32 | tr -d '\n'; }

random > secret_key
owner=$(random); api=$(random); worker=$(random); redis=$(random)
printf %s "$owner" > owner_password
printf %s "$api" > api_password
printf %s "$worker" > worker_password
printf %s "postgresql://muster:$owner@postgres/muster" > database_url_owner
printf %s "postgresql://api:$api@postgres/muster" > database_url_api
printf %s "postgresql://worker:$worker@postgres/muster" > database_url_worker
printf %s "redis://muster:$redis@valkey:6379/0" > redis_url
# Nobody without a name; the one name may do what Muster does, and cannot empty, reconfigure or copy the server.
{
    echo "user default off"
    echo "user muster on >$redis ~* &* +@all -@admin -@dangerous +info"
} > valkey.acl
chmod 0444 ./*
echo "secrets are in $(pwd)"
