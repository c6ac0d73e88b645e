/** The study of real cells in words and tables, as Markdown. */

const SHOWN = ['gNa', 'gK', 'gL', 'EL', 'VT', 'ENa'];

export function describeCells({ date, machine, studied }) {
  return [
    `${date}, ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}.`,
    '',
    '| recording | free | fits: spikes x 4 | V of the network (mV) | network alone, simulated (mV) | one spike | after the finish (mV) | one spike | accepted | spikes of the cell differ by (mV) | held-out step: spikes, simulated of recorded | coincidence |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|',
    ...studied.map(fitRow),
    '',
    `| recording | free | ${SHOWN.map((name) => `${name} (${'gNa gK gL'.includes(name) ? 'nS' : 'mV'})`).join(' | ')} | across spikes (%) | seeds (%) | networks (%) | at a bound, of the accepted |`,
    `|---|---|${SHOWN.map(() => '---|').join('')}---|---|---|---|`,
    ...studied.filter(({ accepted }) => accepted > 0).map(parameterRow),
    '',
    ...studied.filter(({ accepted, replicas }) => accepted < replicas).map(refusal),
    ...studied.filter(({ ramp }) => ramp.length > 0).map(rampLine),
    '',
  ].join('\n');
}

function fitRow({ cell, free, spikes, replicas, accepted, network, finished, reconstructionMv, yardstickMv, heldOut }) {
  return line([
    named(cell),
    free,
    `${spikes} x ${replicas / spikes}`,
    number(reconstructionMv),
    number(network.rmseMv),
    percent(network.right),
    number(finished.rmseMv),
    percent(finished.right),
    `${accepted} of ${replicas}`,
    number(yardstickMv),
    heldOut === null ? '-' : `${heldOut.simulated} of ${heldOut.observed}`,
    number(heldOut?.coincidence ?? null),
  ]);
}

/** Spreads of gNa, gK and gL. */
function parameterRow({ cell, free, parameters, atBound, accepted }) {
  const spread = (of) =>
    SHOWN.slice(0, 3)
      .map((name) => share(parameters[name][of]))
      .join(', ');
  const bounds = Object.entries(atBound).map(([name, count]) => `${name} ${count} of ${accepted}`);
  return line([
    named(cell),
    free,
    ...SHOWN.map((name) => number(parameters[name]?.median ?? null, 3)),
    ...['cvSpikes', 'cvSeeds', 'cvNetworks'].map(spread),
    bounds.join(', ') || 'none',
  ]);
}

function refusal({ cell, free, reasons, replicas, shares }) {
  const counts = Object.entries(reasons).map(([reason, count]) => `${reason} ${count}`);
  const where =
    shares === null
      ? ''
      : `; misfit: ${Object.entries(shares)
          .map(([phase, part]) => `${phase} ${percent(part)}`)
          .join(', ')}`;
  return `- ${named(cell)}, ${free}: of ${replicas} refused by ${counts.join(', ')}${where}`;
}

function rampLine({ cell, ramp }) {
  const each = ramp.map(({ simulated, coincidence }) => `${number(simulated, 4)} (${number(coincidence)})`);
  return `- the ramp of the ${cell.name} cell has ${ramp[0].recorded} spikes; simulated with each fitted spike of the step (coincidence): ${each.join(', ')}`;
}

function named({ name, stimulus }) {
  return `${name}, ${stimulus}`;
}

function line(cells) {
  return `| ${cells.join(' | ')} |`;
}

function number(value, digits = 2) {
  return value === null ? '-' : String(Number(value.toPrecision(digits)));
}

function percent(part) {
  return part === null ? '-' : `${Math.round(100 * part)} %`;
}

function share(part) {
  if (part === null) return '-';
  return part < 1e-3 ? '< 0.1' : String(Number((100 * part).toPrecision(2)));
}
