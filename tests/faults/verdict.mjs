/**
 * What a schedule must leave behind, whatever happened in it. Pure: takes what was found, and returns what is wrong, by kind:
 *
 *   lost        a planned replica without an outcome in the log
 *   double      an outcome more than once: in the log, in replicas.parquet, or in the summary's counts
 *   redone      a training that no fault explains. A replica may be trained again only when, between the start of its last training and that of
 *               this one, a fault touched one of the two workers (the first lost its lease, or the second had lost it before and comes to it
 *               late), or what all share. A fault is felt for a lease and two reconciliations more. Of replicas whose outcome was stored
 *               already, faults excuse in all as many as leases were out where they struck, and messages were forged
 *   attempts    an outcome with more tries than the bound
 *   given up    a sound replica that was given up although no fault ended one of its tries; a poisonous one that was not, or not after three
 *   summary     differs from that of an undisturbed local run
 */

const MOST_TRIES = 3;

/** `begin 12 4711 2 1 83120.5`: index, process, thread, try, ms. */
export function readJournal(text) {
  return [...text.matchAll(/^(begin|end) (\d+) (\d+) (\d+) (\d+) ([\d.]+)$/gm)].map(([, what, index, pid, thread, attempt, ms]) => ({
    what,
    index: Number(index),
    pid: Number(pid),
    thread: Number(thread),
    attempt: Number(attempt),
    ms: Number(ms),
  }));
}

export function judge(found) {
  return [...judgeOutcomes(found), ...judgeTrainings(found), ...judgeGivenUp(found), ...judgeSummary(found)];
}

/** Every planned replica once, wherever it is counted. */
function judgeOutcomes({ plan, lines, parquet, summary }) {
  const problems = [];
  const times = new Map();
  for (const { index, attempts } of lines) {
    times.set(index, (times.get(index) ?? 0) + 1);
    if (attempts > MOST_TRIES) problems.push({ kind: 'attempts', text: `replica ${index} has ${attempts} tries` });
  }
  const lost = Array.from({ length: plan.replicas }, (_, index) => index).filter((index) => !times.has(index));
  if (lost.length > 0) problems.push({ kind: 'lost', text: `without an outcome: ${lost.join(' ')}`, count: lost.length });
  const double = [...times].filter(([index, count]) => count > 1 || index >= plan.replicas);
  if (double.length > 0) problems.push({ kind: 'double', text: `more than one line: ${double.join(' ')}`, count: double.length });
  const counts = { parquet: parquet.rows, replicas: parquet.replicas, summary: summary.counts.finished };
  for (const [where, count] of Object.entries(counts))
    if (count !== times.size) problems.push({ kind: 'double', text: `${times.size} replicas have a line, ${where} counts ${count}` });
  return problems;
}

/** Trainings beyond the first of each replica, each with the faults that may have cost the one before its lease. */
export function retrainings({ plan, journal, disturbances, stored }) {
  const begins = trainingsOf(journal);
  const settleMs = plan.ackWaitMs + 2 * plan.reconcileMs + 1000;
  const poisonous = journal
    .filter(({ what, index }) => what === 'begin' && plan.poison[index] !== undefined)
    .map(({ pid, ms }) => ({ kind: 'poison', touches: [pid], from: ms, to: ms }));
  const faults = [...disturbances, ...poisonous];
  const touch = (fault, before, now) => {
    if (fault.from > now.ms || fault.to + settleMs < before.ms) return false;
    return fault.touches === 'all' || fault.touches.includes(before.pid) || fault.touches.includes(now.pid);
  };
  return [...begins.values()].flatMap((trainings) =>
    trainings.slice(1).map((now, place) => ({
      now,
      before: trainings[place],
      afterStored: now.ms > (stored.get(now.index) ?? Infinity),
      faults: faults.filter((fault) => touch(fault, trainings[place], now)),
    })),
  );
}

function trainingsOf(journal) {
  const begins = new Map();
  for (const entry of journal) if (entry.what === 'begin') begins.set(entry.index, [...(begins.get(entry.index) ?? []), entry]);
  return begins;
}

function judgeTrainings(found) {
  const { plan, disturbances } = found;
  const again = retrainings(found);
  const problems = again
    .filter(({ faults }) => faults.length === 0)
    .map(({ now, before, afterStored }) => ({
      kind: 'redone',
      text: `replica ${now.index} was trained by ${before.pid} at ${before.ms.toFixed(0)} and by ${now.pid} at ${now.ms.toFixed(0)} ms${afterStored ? ', although it was stored,' : ''} and no fault explains it`,
    }));
  const leases = plan.threads * plan.places;
  const allowed = disturbances.reduce(
    (sum, { touches, messages = 0 }) => sum + messages + (touches === 'all' ? plan.workers * leases : touches.length * leases),
    0,
  );
  const finished = again.filter(({ afterStored }) => afterStored).length;
  if (finished > allowed)
    problems.push({ kind: 'redone', text: `${finished} stored replicas were trained again, ${allowed} leases were disturbed` });
  return problems;
}

function judgeGivenUp({ plan, lines, journal, disturbances }) {
  const problems = [];
  const failed = new Map(lines.filter(({ outcome }) => outcome.kind === 'failed').map((result) => [result.index, result]));
  for (const [index, way] of Object.entries(plan.poison)) {
    const result = failed.get(Number(index));
    if (result?.attempts !== MOST_TRIES || result.outcome.error.code !== 'REPLICA_GIVEN_UP')
      problems.push({
        kind: 'given up',
        text: `replica ${index} (poison: ${way}) ended as ${JSON.stringify(result?.outcome)}, tries ${result?.attempts}`,
      });
  }
  for (const { index, outcome } of failed.values()) {
    if (plan.poison[index] !== undefined || excuseOf(index, journal, disturbances)) continue;
    problems.push({ kind: 'given up', text: `replica ${index} is sound and ended as ${JSON.stringify(outcome)}` });
  }
  return problems;
}

/** A sound replica that was given up rightly: it had all its tries, and a fault from outside ended one of them. */
function excuseOf(index, journal, disturbances) {
  const tries = journal.filter((entry) => entry.what === 'begin' && entry.index === index);
  const struck = ({ pid, ms }) =>
    disturbances.some(({ kind, touches, to }) => kind !== 'poison' && to >= ms && (touches === 'all' || touches.includes(pid)));
  return tries.some(struck);
}

/** Sound replicas that faults ended three times: they are in no comparison. */
export function excused({ plan, lines, journal, disturbances }) {
  return lines
    .filter(({ index, outcome }) => outcome.kind === 'failed' && plan.poison[index] === undefined && excuseOf(index, journal, disturbances))
    .map(({ index }) => index);
}

function judgeSummary({ canonical, reference }) {
  if (canonical === reference) return [];
  const at = [...canonical].findIndex((letter, place) => letter !== reference[place]);
  const around = (text) => text.slice(Math.max(0, at - 60), at + 60);
  return [{ kind: 'summary', text: `differs from the undisturbed one: ...${around(canonical)}... instead of ...${around(reference)}...` }];
}
