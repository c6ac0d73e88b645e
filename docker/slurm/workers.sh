#!/bin/bash
# Workers as a SLURM array, for a NATS server and an orchestrator that run elsewhere: sbatch docker/slurm/workers.sh
# Every element serves until its time is over or it is preempted; then it finishes or saves what runs, and is queued again.
#SBATCH --job-name=loligo-worker
#SBATCH --array=1-16
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=8
#SBATCH --mem-per-cpu=1G
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
# to the step's processes, 60 s before the end: --grace below must be shorter
#SBATCH --signal=TERM@60
set -euo pipefail

: "${LOLIGO_NATS:?set LOLIGO_NATS to nats://HOST:PORT or tls://HOST:PORT}"
export LOLIGO_NATS_USER="${LOLIGO_NATS_USER:-worker}"
export LOLIGO_NATS_PASSWORD_FILE="${LOLIGO_NATS_PASSWORD_FILE:-$HOME/.loligo/worker_password}"
# a program outside PATH: LOLIGO="node /path/to/dist/orchestrator/cli/main.js"
read -r -a loligo <<<"${LOLIGO:-loligo}"

exec srun --ntasks=1 --cpus-per-task="$SLURM_CPUS_PER_TASK" \
  "${loligo[@]}" worker --nats "$LOLIGO_NATS" --workers "$SLURM_CPUS_PER_TASK" --grace 45
