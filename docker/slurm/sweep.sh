#!/bin/bash
# A whole sweep in one SLURM allocation: server and orchestrator on the first node, a worker on every node.
#   sbatch --nodes=8 docker/slurm/sweep.sh sweeps/recovery.yaml runs/recovery
# The same command goes on from the run directory, and so does SLURM when it queues the job again.
#SBATCH --job-name=loligo-sweep
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --time=08:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
# to this script, 90 s before the end: workers then have --grace, the rest is for what follows
#SBATCH --signal=B:TERM@90
set -euo pipefail

spec="${1:?name the spec}"
out="${2:?name the run directory}"
here="${LOLIGO_DOCKER:-${SLURM_SUBMIT_DIR:-.}/docker}"
port="${LOLIGO_NATS_PORT:-4222}"
host="$(hostname -f)"
read -r -a loligo <<<"${LOLIGO:-loligo}"

# the server's disk is the node's own: the run directory is the truth, and what the server loses is published again
scratch="$(mktemp -d "${TMPDIR:-/tmp}/loligo.XXXXXX")"
secrets="$(mktemp -d "$HOME/.loligo-${SLURM_JOB_ID:-$$}.XXXXXX")"
server=''
workers=''
orchestrator=''
# shellcheck disable=SC2329 # the trap below calls it
end() {
  for pid in $orchestrator $workers $server; do
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$scratch" "$secrets"
}
trap end EXIT
trap 'exit 143' TERM INT

umask 077
for user in orchestrator worker; do
  od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$secrets/$user"
done
# as docker/nats.conf, with this node's disk and port
sed -e "s|/data|$scratch/jetstream|" -e "s|0.0.0.0:4222|0.0.0.0:$port|" -e '/^http:/d' "$here/nats.conf" >"$scratch/nats.conf"
NATS_CONF="$scratch/nats.conf" ORCHESTRATOR_PASSWORD_FILE="$secrets/orchestrator" WORKER_PASSWORD_FILE="$secrets/worker" \
  "$here/nats-start.sh" &
server=$!
for _ in $(seq 100); do
  (exec 3<>"/dev/tcp/$host/$port") 2>/dev/null && break
  kill -0 "$server"
  sleep 0.1
done

export LOLIGO_NATS_USER=worker LOLIGO_NATS_PASSWORD_FILE="$secrets/worker"
srun --overlap --ntasks-per-node=1 "${loligo[@]}" worker --nats "nats://$host:$port" --grace 45 &
workers=$!

LOLIGO_NATS_USER=orchestrator LOLIGO_NATS_PASSWORD_FILE="$secrets/orchestrator" \
  "${loligo[@]}" run "$spec" --nats "nats://$host:$port" --out "$out" &
orchestrator=$!
code=0
wait "$orchestrator" || code=$?
orchestrator=''
exit "$code"
