/** The study of real cells in words and tables, as Markdown. */

const SHOWN = ['gNa', 'gK', 'gL'];

export function describeCells({ date, machine, studied }) {
  return [
    '# Real cells: one fit per spike',
    '',
    `${date}, ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}. Kinetics of Pospischil et al. (2008) in whole-cell units, C from a small step, ENa 50 and EK -90 mV`,
    'held: effective parameters given these. Two networks by two seeds for each spike. Misfit: root mean square of the forward simulation against',
    'the data, median over replicas. One spike: share of replicas whose simulation has as many spikes as the data. Spread: standard deviation over',
    'mean of the medians of each spike, accepted replicas alone.',
    '',
    '| cell, stimulus, free | spikes | V of the network (mV) | network alone, simulated: misfit (mV), one spike | after the finish: misfit, one spike | accepted | gNa, gK, gL (nS) | spread across spikes (%) | across seeds (%) | across networks (%) |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...studied.map(row),
    '',
    'Why others were refused:',
    '',
    ...studied.map(
      ({ cell, free, reasons }) =>
        `- ${cell.name}, ${cell.stimulus}, ${free}: ${
          Object.entries(reasons)
            .map(([reason, n]) => `${reason} ${n}`)
            .join(', ') || 'none was'
        }`,
    ),
    '',
  ].join('\n');
}

function row({ cell, free, spikes, replicas, accepted, network, finished, reconstructionMv, parameters }) {
  const each = (of) => SHOWN.map((name) => of(parameters[name])).join(', ');
  const cells = [
    `${cell.name}, ${cell.stimulus}, ${free}`,
    spikes,
    number(reconstructionMv),
    `${number(network.rmseMv)}, ${percent(network.right)} %`,
    `${number(finished.rmseMv)}, ${percent(finished.right)} %`,
    `${accepted} of ${replicas}`,
    each(({ median }) => number(median, 3)),
    each(({ cvSpikes }) => percent(cvSpikes)),
    each(({ cvSeeds }) => percent(cvSeeds)),
    each(({ cvNetworks }) => percent(cvNetworks)),
  ];
  return `| ${cells.join(' | ')} |`;
}

function number(value, digits = 2) {
  return value === null ? '-' : String(Number(value.toPrecision(digits)));
}

function percent(share) {
  return share === null ? '-' : String(Number((100 * share).toPrecision(2)));
}
