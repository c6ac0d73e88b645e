import { test } from 'vitest';
import { writeFileSync, mkdirSync } from 'node:fs';
import { aggregate } from '../../../orchestrator/aggregate/aggregate.ts';
import { renderReport } from '../../../orchestrator/report/report.ts';
import { simulationSvg, inspectionSvg } from '../../../orchestrator/report/simulation-svg.ts';
import { fixtureLock, fixtureReplicas, fixtureObservations, type FixtureOptions } from '../../helpers/ensemble-fixture.ts';
test('render', () => {
  mkdirSync('/tmp/look', { recursive: true });
  const cases: Record<string, [FixtureOptions, number]> = {
    typical: [{ draws: 1, seeds: 24, amplitudes: [10], name: 'one-draw' }, 24],
    many: [{ draws: 3, seeds: 8, amplitudes: [7, 10, 15], widths: [16, 24, 32], name: 'recovery', label: 'squid, step' }, 3 * 3 * 3 * 8],
    none: [{ accepted: 0, draws: 2, seeds: 6, name: 'hopeless' }, 12],
    cell: [
      {
        recorded: true,
        draws: 1,
        seeds: 8,
        amplitudes: [6, 7, 8, 9, 10, 12],
        accepted: 0.6,
        name: 'cell-steps',
        label: '171116sh_0018.abf, sweep 3',
      },
      60,
    ],
    single: [{ draws: 1, seeds: 1, accepted: 1, name: 'single' }, 1],
    truths: [
      {
        draws: 1,
        seeds: 10,
        amplitudes: [10, 10.1],
        truths: [
          { gNa: 120, gK: 36, gL: 0.3 },
          { gNa: 90, gK: 30, gL: 0.2 },
        ],
        name: 'truths',
      },
      20,
    ],
  };
  for (const [name, [o, planned]] of Object.entries(cases)) {
    const lock = fixtureLock(o);
    let t = performance.now();
    const { summary, tables } = aggregate({ lock, planned, replicas: fixtureReplicas(o) });
    const obs = fixtureObservations(o);
    t = performance.now();
    const out = renderReport({ lock, summary, tables, observations: obs });
    console.log(name, out.length / 1e6, 'MB', performance.now() - t, 'ms');
    writeFileSync(`/tmp/look/${name}.html`, out);
  }
  const [obs] = fixtureObservations({}).values();
  writeFileSync(
    '/tmp/look/sim.svg',
    simulationSvg({
      title: 'Hodgkin–Huxley, 10 µA/cm²',
      tMs: obs!.tMs,
      voltageMv: obs!.truth!.states.V!,
      current: obs!.current,
      currentUnit: 'uA/cm2',
      gates: { m: obs!.truth!.states.m!, h: obs!.truth!.states.h!, n: obs!.truth!.states.n! },
    }),
  );
  writeFileSync(
    '/tmp/look/ins.svg',
    inspectionSvg({
      title: 'cell.abf',
      currentUnit: 'pA',
      sweeps: [...fixtureObservations({ amplitudes: [2, 5, 8, 12], draws: 1 }).values()].map((o, i) => ({
        index: i,
        sampleMs: 0.1,
        voltageMv: o.voltageMv,
        current: o.current,
        spikesMs: [5, 19.8],
      })),
    }),
  );
}, 120000);
