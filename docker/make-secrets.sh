#!/bin/sh
# Random passwords for compose.yaml in docker/secrets/. Existing ones stay.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
for user in orchestrator worker; do
  file="secrets/${user}_password"
  [ -e "$file" ] && continue
  password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
  # a pipe hides that its first command failed: no password is worse than none made
  if [ "${#password}" -ne 48 ]; then
    echo "make-secrets.sh: od gave no 24 random bytes of /dev/urandom; $file was not made" >&2
    exit 1
  fi
  # readable for the containers' user, whatever its number is on this host; the folder keeps others out
  printf '%s' "$password" >"$file"
  chmod 444 "$file"
done
