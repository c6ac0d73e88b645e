#!/bin/sh
# Starts nats-server with the passwords of two secret files in its environment: nats.conf names them, and holds none.
set -eu
quoted() { printf '"%s"' "$(cat "$1")"; }
ORCHESTRATOR_PASSWORD="$(quoted "${ORCHESTRATOR_PASSWORD_FILE:-/run/secrets/orchestrator_password}")"
WORKER_PASSWORD="$(quoted "${WORKER_PASSWORD_FILE:-/run/secrets/worker_password}")"
export ORCHESTRATOR_PASSWORD WORKER_PASSWORD
exec nats-server -c "${NATS_CONF:-/etc/nats/nats.conf}" "$@"
