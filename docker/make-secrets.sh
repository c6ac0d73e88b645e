#!/bin/sh
# Random passwords for compose.yaml in docker/secrets/. Existing ones stay.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
for user in orchestrator worker; do
  file="secrets/${user}_password"
  [ -e "$file" ] && continue
  # readable for the containers' user, whatever its number is on this host; the folder keeps others out
  od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$file"
  chmod 444 "$file"
done
