/**
 * The core without Node, by core_run.cpp: under AddressSanitizer and UndefinedBehaviorSanitizer, and for another processor. Its numbers
 * are the reference's, and nothing that it was given makes it read or write where it must not.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../schemas/package-root.ts';
import type { Member, Shape } from '../../worker/engines/engine.ts';
import { findCompiler, FLAGS, instructionSets } from '../../worker/engines/fused/build.mjs';
import { describeCohort, type Description } from '../../worker/engines/fused/description.ts';
import { loadNative } from '../../worker/engines/fused/native.ts';
import { createReferenceEngine } from '../../worker/engines/reference/reference-engine.ts';
import { compileModel } from '../../worker/models/compile.ts';
import { distance, memberOf, shapeOf, unevenMember, withCohort } from '../helpers/engine-cohorts.ts';
import { POOLS } from '../helpers/model-text.ts';

const run = promisify(execFile);
const HERE = join(packageRoot(), 'tests/native');
const CORE = join(packageRoot(), 'worker/engines/fused/core');
/** Compiling is most of the time, and an optimiser may take away what the sanitizers would have seen. */
const SANITIZERS = ['-O0', '-g1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'];

const SMALL = { samples: 12, width: 5, features: 3 } as const;
const SHAPES: Readonly<Record<string, Shape>> = {
  network: shapeOf('hodgkin-huxley', SMALL),
  'integrated, deep, two points per sample': shapeOf('pospischil-rs', {
    ...SMALL,
    infer: ['gNa', 'VT'],
    states: 'integrated',
    depth: 3,
    perSample: 2,
    initialGates: 'free',
  }),
  'integrated, three segments, priors': shapeOf('hodgkin-huxley', {
    ...SMALL,
    states: 'integrated',
    initialGates: 'free',
    segments: 3,
    samples: 13,
    priors: 2,
  }),
  'integrated pools that are read, every initial value free': {
    ...shapeOf('hodgkin-huxley', { ...SMALL, infer: ['gCa', 'tauCa'], states: 'integrated', initialGates: 'free', segments: 2 }),
    model: compileModel(POOLS, 'pools'),
  },
  'network, two segments, priors': shapeOf('hodgkin-huxley', { ...SMALL, segments: 2, priors: 3 }),
  'modified, factorised, trainable frequencies': shapeOf('hodgkin-huxley', {
    ...SMALL,
    samples: 17,
    width: 18,
    architecture: 'modified-mlp',
    factorisation: 'random-weight',
    scale: 'trainable',
    activation: 'gelu',
  }),
  'more rows than weights': shapeOf('hodgkin-huxley', { samples: 40, width: 2, features: 1, depth: 1, states: 'integrated' }),
  smallest: shapeOf('hodgkin-huxley', { infer: ['gK'], depth: 1, width: 1, features: 1, samples: 2 }),
};

function membersOf(shape: Shape): Member[] {
  return [
    { ...memberOf(shape, 1, shape.samples > 2 ? 2 : 0), huberMv: 5, noise: 'estimated', weighting: 'self-adaptive' },
    { ...unevenMember(shape, 2), weighting: 'gradient-norm' },
  ];
}

const folder = mkdtempSync(join(tmpdir(), 'loligo-core-run-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The counts, then the integers, then the numbers. */
function written(name: string, { ints, reals }: Description): string {
  const path = join(folder, `${name.replaceAll(/\W+/g, '-')}.bin`);
  const counts = BigInt64Array.of(BigInt(ints.length), BigInt(reals.length));
  writeFileSync(path, Buffer.concat([counts, ints, reals].map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength))));
  return path;
}

/** The lines that the program prints: name, code, numbers. */
function linesOf(text: string): { name: string; code: string; numbers: Float64Array }[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', code = '', ...numbers] = line.split(' ');
      return { name, code, numbers: Float64Array.from(numbers, Number) };
    });
}

async function compiled(program: string, name: string, isa: string, flags: readonly string[]): Promise<string> {
  const path = join(folder, name);
  const own = [...FLAGS.filter((flag) => flag !== '-fno-exceptions' && flag !== '-fno-rtti'), '-Wno-psabi', ...flags];
  const defines = [`-DLOLIGO_ISA=${isa}`, `-DLOLIGO_KERNEL=loligo_kernel_${isa}`];
  await run(program, [...own, ...defines, join(HERE, 'core_run.cpp'), join(CORE, 'exports.cpp'), '-o', path]);
  return path;
}

/** The first of two replicas' loss terms and gradient are the reference's, and what must be refused is. */
async function expectReference(shape: Shape, output: string): Promise<void> {
  const lines = linesOf(output);
  const [exact] = await withCohort(createReferenceEngine(), shape, membersOf(shape), (cohort) => cohort.evaluate(1));
  const line = (name: string) => lines.find((candidate) => candidate.name === name)!;
  expect(distance(line('gradient').numbers, exact!.gradient).l2).toBeLessThan(1e-9);
  expect(distance(line('gradient32').numbers, exact!.gradient).l2).toBeLessThan(1e-5);
  const { data, current, gates } = exact!.terms;
  expect(distance(line('evaluate').numbers, Float64Array.of(data, current, gates)).l2).toBeLessThan(1e-12);
  expect(line('adam').code).toBe('20');
  expect(line('wrongLength').code).toBe('-4');
  expect(line('wrongReplica').code).toBe('-3');
  expect(line('reconstruct').code).toBe(String(1 + shape.model.gates.length));
}

const compiler = await findCompiler().catch((reason: unknown) => {
  if (process.env['CI'] === 'true') throw reason;
  return null;
});
/** The best, whose vectors are the widest and reach furthest beyond what an array holds. */
const SANITIZED = compiler === null ? [] : (await loadNative()).runnable.slice(0, 1);

describe.skipIf(compiler === null).each(SANITIZED)('under sanitizers: %s', (isa) => {
  let program: string;
  beforeAll(async () => {
    program = await compiled(compiler!.program, `sanitized-${isa}`, isa, [...(instructionSets()[isa] ?? []), ...SANITIZERS]);
  }, 600_000);

  test.each(Object.entries(SHAPES))('no function reads or writes where it must not: %s', async (name, shape) => {
    const { stdout } = await run(program, [written(name, describeCohort(shape, membersOf(shape)))]);
    await expectReference(shape, stdout);
  });

  test('no edited description makes it read or write where it must not', async () => {
    const descriptions = Object.values(SHAPES).map((shape) => describeCohort(shape, membersOf(shape)));
    const oddInt = fc.oneof(fc.integer({ min: -3, max: 40 }), fc.constantFrom(2 ** 31 - 1, -(2 ** 31), 1 << 20, 1 << 13), fc.integer());
    const oddReal = fc.oneof(fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, 1e308, -1), fc.double());
    const edit = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<{ at: number; value: T }[]> =>
      fc.array(fc.record({ at: fc.nat(1_000_000), value }), { minLength: 1, maxLength: 3 });
    let opened = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(descriptions.length - 1), edit(oddInt), edit(oddReal), async (which, intEdits, realEdits) => {
        const ints = descriptions[which]!.ints.slice();
        const reals = descriptions[which]!.reals.slice();
        // half of them only in their numbers: those are opened and run
        if (realEdits.length > 1) for (const { at, value } of intEdits) ints[at % ints.length] = value;
        for (const { at, value } of realEdits) reals[at % reals.length] = value;
        const { stdout } = await run(program, [written('edited', { ints, reals })], { maxBuffer: 1e8 });
        expect(stdout).toMatch(/^(open|refused) /);
        if (stdout.startsWith('open')) opened += 1;
      }),
      { numRuns: 60 },
    );
    expect(opened).toBeGreaterThan(0);
  }, 240_000);
});

const ARM_COMPILER = 'aarch64-linux-gnu-g++';
const ARM_RUNNER = 'qemu-aarch64';

function isThere(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('on another processor', () => {
  test.skipIf(process.env['CI'] !== 'true' && !(isThere(ARM_COMPILER) && isThere(ARM_RUNNER)))(
    'the NEON build gives the reference (emulated)',
    async () => {
      const program = await compiled(ARM_COMPILER, 'neon', 'neon', ['-O1', '-static']);
      for (const [name, shape] of Object.entries(SHAPES)) {
        const { stdout } = await run(ARM_RUNNER, [program, written(name, describeCohort(shape, membersOf(shape)))]);
        await expectReference(shape, stdout);
      }
    },
    600_000,
  );
});
