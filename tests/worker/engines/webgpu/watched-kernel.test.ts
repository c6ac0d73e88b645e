/**
 * What SwiftShader cannot show of the kernels, as it runs the invocations of a workgroup in one order: missing barriers, memory beyond the end
 * and numbers that nobody wrote (Dawn is told not to check indices and not to clear workgroup memory). A machine that watches every access runs them.
 */
import { describe, expect, test } from 'vitest';
import type { Member, Shape } from '../../../../worker/engines/engine.ts';
import { beginning } from '../../../../worker/engines/replica-progress.ts';
import { createReferenceEngine } from '../../../../worker/engines/reference/reference-engine.ts';
import { Group } from '../../../../worker/engines/webgpu/group.ts';
import { scratchSize } from '../../../../worker/engines/webgpu/kernel.ts';
import { GPU_BLOCK, SOFTWARE_BLOCK, tilingOf, type DeviceLimits, type Extras } from '../../../../worker/engines/webgpu/tiling.ts';
import { adamStage, distance, memberOf, shapeOf, trained } from '../../../helpers/engine-cohorts.ts';
import { watchedGpu } from '../../../helpers/wgsl/watched-device.ts';

const SMALL = { width: 9, features: 3, samples: 50 };
const STAGE = adamStage({ steps: 2 });
const BOUND = { projects: true, measures: true };
const KERNELS: Readonly<Record<string, readonly [Shape, Extras]>> = {
  network: [shapeOf('hodgkin-huxley', SMALL), {}],
  'smallest network': [shapeOf('hodgkin-huxley', { depth: 1, width: 1, features: 1, samples: 2 }), {}],
  'network that projects, one hidden layer, sine': [shapeOf('hodgkin-huxley', { ...SMALL, depth: 1, activation: 'sin' }), BOUND],
  'network of two segments, three hidden layers, priors': [shapeOf('hodgkin-huxley', { ...SMALL, depth: 3, segments: 2, priors: 2 }), {}],
  'integrated gates, projecting': [shapeOf('hodgkin-huxley', { ...SMALL, states: 'integrated' }), BOUND],
  'integrated gates of two segments, free at first, priors': [
    shapeOf('pospischil-rs', { ...SMALL, states: 'integrated', infer: ['gNa', 'VT'], initialGates: 'free', segments: 2, priors: 2 }),
    BOUND,
  ],
};
const LIMITS: Readonly<Record<string, DeviceLimits>> = {
  'of a GPU': { workgroupStorage: 48 * 1024, invocations: 32, subgroup: 8, block: GPU_BLOCK },
  'of a processor': { workgroupStorage: 48 * 1024, invocations: 32, subgroup: 1, block: SOFTWARE_BLOCK },
};

describe.each(Object.entries(LIMITS))('the kernel %s', (_, limits) => {
  test.each(Object.entries(KERNELS))('%s: no invocation meets another one in memory', async (__, [shape, extras]) => {
    const { findings, group, members } = await twoSteps(shape, extras, limits);
    expect(findings).toEqual([]);
    const [states, reports] = [await group.states(false), await group.reports(2)];
    expect(reports.map(({ step, broken }) => [step, broken])).toEqual(members.map(() => [2, null]));
    if (extras.projects === true) return;
    const exact = await trained(createReferenceEngine(), shape, members, STAGE);
    exact.forEach((theta, r) => expect(distance(states[r]!.theta, theta).max).toBeLessThan(2e-5));
  });
});

test.each([
  [
    'a barrier for workgroup memory alone',
    'smallest network',
    'storageBarrier(); workgroupBarrier();',
    'workgroupBarrier();',
    /^scratch: .* written, and read by/,
  ],
  ['a missing barrier', 'network', /workgroupBarrier\(\);(\s*if \(busy\) \{\s*let to)/g, '$1', /^act: .* without a barrier/],
  ['a place that nobody has', 'smallest network', 'min(tid / G, CG - 1u)', 'tid / G', /^theta: .* beyond/],
  [
    'a barrier that some pass by',
    'smallest network',
    'settle();',
    'if (tid < 7u) { settle(); }',
    /not all invocations come to the same barrier/,
  ],
])('%s would be found', async (_, kernel, from, to, finding) => {
  const [shape, extras] = KERNELS[kernel]!;
  const { findings } = await twoSteps(shape, extras, LIMITS['of a GPU']!, (code) => code.replace(from, to));
  expect(findings.join('\n')).toMatch(new RegExp(finding, 'm'));
});

/** Of two replicas, which a kernel of a GPU takes one after the other. `change`: of the kernel. */
async function twoSteps(shape: Shape, extras: Extras, limits: DeviceLimits, change?: (code: string) => string): Promise<Steps> {
  const members = [1, 2].map((seed) => memberOf(shape, seed));
  const tiling = tilingOf(shape, limits, extras);
  const workgroups = limits.subgroup === 1 ? 2 : 1;
  const { gpu, findings } = watchedGpu(limits, {
    bindingBytes: workgroups * 16 * scratchSize(tiling),
    ...(change === undefined ? {} : { change }),
  });
  const group = await Group.open(gpu, tiling, members, STAGE.steps);
  group.begin(members.map(({ theta }) => beginning(theta)));
  group.setSchedule(STAGE, 0, STAGE.steps);
  const { steps } = STAGE;
  group.submit({
    mode: 'train',
    physics: 1,
    steps,
    total: steps,
    parameterRate: STAGE.parameterRate,
    traced: true,
    project: extras.projects === true,
  });
  return { findings, group, members };
}

interface Steps {
  readonly findings: readonly string[];
  readonly group: Group;
  readonly members: readonly Member[];
}
