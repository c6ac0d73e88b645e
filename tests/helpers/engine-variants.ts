/** Shapes and members of every variant of the network, the loss and the grid, small: cases for the contract of engines and for the oracle. */
import type { Member, Settings, Shape } from '../../worker/engines/engine.ts';
import { layoutOf } from '../../worker/engines/layout.ts';
import { compileModel } from '../../worker/models/compile.ts';
import { memberOf, settingsOf, shapeOf, unevenMember } from './engine-cohorts.ts';
import { POOLS } from './model-text.ts';

export interface Variant {
  readonly shape: Shape;
  readonly member: (seed: number) => Member;
  readonly settings: Settings;
}

type Changes = Partial<Pick<Member, 'huberMv' | 'noise' | 'weighting'>>;

function variant(overrides: Partial<Shape>, changes: Changes = {}, model = 'hodgkin-huxley', uneven = false): Variant {
  const shape = { ...shapeOf(model, { width: 9, features: 5, samples: 33, ...overrides }), ...overrides };
  const { scaleOffset } = layoutOf(shape);
  const member = (seed: number): Member => {
    const own = { ...(uneven ? unevenMember(shape, seed, seed % 4) : memberOf(shape, seed, seed % 4)), ...changes };
    const theta = own.theta.slice();
    // away from its start, where exp(c) = 1 would hide an error
    if (scaleOffset >= 0) theta[scaleOffset] = 0.3;
    return { ...own, theta };
  };
  return { shape, member, settings: settingsOf(member(1), uneven ? { density: 'data-slope' } : {}) };
}

const NETWORKS: readonly (readonly [string, Partial<Omit<Shape, 'model'>>])[] = [
  ['swish', { activation: 'swish' }],
  ['gelu', { activation: 'gelu', depth: 3 }],
  ['factorised weights', { factorisation: 'random-weight' }],
  ['modified MLP', { architecture: 'modified-mlp', depth: 3 }],
  ['modified MLP of one layer', { architecture: 'modified-mlp', depth: 1 }],
  ['trainable scale', { scale: 'trainable' }],
  [
    'modified MLP, factorised, trainable scale, swish',
    { architecture: 'modified-mlp', factorisation: 'random-weight', scale: 'trainable', activation: 'swish' },
  ],
];

/** Variants of the network, in both formulations. */
export const NETWORK_VARIANTS: Readonly<Record<string, Variant>> = Object.fromEntries(
  NETWORKS.flatMap(([name, overrides]) => [
    [`${name}, network`, variant(overrides)],
    [`${name}, integrated`, variant({ ...overrides, states: 'integrated', infer: ['gNa', 'VT'] }, {}, 'pospischil-rs')],
  ]),
);

/** Of the collocation grid and the initial gates. */
export const GRID_VARIANTS: Readonly<Record<string, Variant>> = {
  'uneven grid, network': variant({ perSample: 3 }, {}, 'hodgkin-huxley', true),
  'uneven grid, integrated': variant({ perSample: 3, states: 'integrated' }, {}, 'hodgkin-huxley', true),
  'every initial gate free': variant({ states: 'integrated', initialGates: 'free' }),
  'every initial gate steady': variant({ states: 'integrated', initialGates: 'steady', infer: ['gNa', 'VT'] }, {}, 'pospischil-rs'),
};

/** A pool that a current of gate m fills, and a gate that reads it. */
const POOL_MODEL = compileModel(POOLS, 'pools');
const CALCIUM = ['gCa', 'influx', 'gNa'];

/** In twenty times the time, and through a leak that the pool has a say in: what a gate does in the middle of a step then counts. */
function slow({ member, ...rest }: Variant): Variant {
  return {
    ...rest,
    member: (seed) => {
      const own = member(seed);
      return {
        ...own,
        grid: own.grid.map((time) => 20 * time),
        drivenRate: own.drivenRate.map((rate) => rate / 20),
        frequencies: own.frequencies.map((frequency) => frequency / 20),
        fixed: { ...own.fixed, gL: 10 },
      };
    },
  };
}

/** Of states beside V that have a range of their own, or read each other. */
export const POOL_VARIANTS: Readonly<Record<string, Variant>> = {
  'pools, network': variant({ model: POOL_MODEL, infer: CALCIUM }),
  'pools, integrated': slow(variant({ model: POOL_MODEL, infer: [...CALCIUM, 'tauCa', 'Ca0'], states: 'integrated', perSample: 2 })),
  'pools, integrated, every initial value free': variant({
    model: POOL_MODEL,
    infer: CALCIUM,
    states: 'integrated',
    initialGates: 'free',
    segments: 2,
  }),
  'pools, integrated, every initial value steady': variant({
    model: POOL_MODEL,
    infer: ['tauCa', 'Ca0'],
    states: 'integrated',
    initialGates: 'steady',
    segments: 2,
  }),
  'a pool that reads V alone, network': variant({ infer: ['gAHP', 'influx'] }, {}, 'wang-adapting'),
  'a pool that reads V alone, integrated': variant(
    { infer: ['gAHP', 'influx', 'tauCa'], states: 'integrated', segments: 2 },
    {},
    'wang-adapting',
  ),
};

/** Of the loss. The misfit of these members at their start is some 30 mV. */
export const LOSS_VARIANTS: Readonly<Record<string, Variant>> = {
  'Huber, network': variant({ perSample: 3 }, { huberMv: 20 }),
  'Huber, integrated': variant({ states: 'integrated', perSample: 3 }, { huberMv: 20 }),
  'estimated noise, network': variant({}, { noise: 'estimated' }),
  'estimated noise and Huber, integrated': variant({ states: 'integrated' }, { noise: 'estimated', huberMv: 20 }),
};
