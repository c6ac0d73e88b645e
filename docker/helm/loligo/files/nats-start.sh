#!/bin/sh
# Starts nats-server with the passwords of two secret files in its environment: nats.conf names them, and holds none.
set -eu
# a file that is missing or empty must not become an empty password
quoted() {
  secret="$(cat "$1")"
  if [ -z "$secret" ]; then
    echo "nats-start.sh: $1 holds no password" >&2
    exit 1
  fi
  printf '"%s"' "$secret"
}
ORCHESTRATOR_PASSWORD="$(quoted "${ORCHESTRATOR_PASSWORD_FILE:-/run/secrets/orchestrator_password}")"
WORKER_PASSWORD="$(quoted "${WORKER_PASSWORD_FILE:-/run/secrets/worker_password}")"
export ORCHESTRATOR_PASSWORD WORKER_PASSWORD
exec nats-server -c "${NATS_CONF:-/etc/nats/nats.conf}" "$@"
