import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { MAX_SPEC_BYTES, parseSpec, readSpec } from '../../../orchestrator/spec/spec-file.ts';
import { LoligoError } from '../../../schemas/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'loligo-spec-'));
afterAll(() => rmSync(folder, { recursive: true }));

function errorOf(action: () => unknown): LoligoError {
  try {
    action();
  } catch (error) {
    if (error instanceof LoligoError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** The example of the interface: every form of infer, data, stimulus and axis that this version knows. */
const EXAMPLE = `
# yaml-language-server: $schema=spec.schema.json
name: recovery
seed: 1
problem:
  model: hodgkin-huxley
  infer:
    gNa: { start: { logUniform: [12, 1200] } }
    gK:  { start: { logUniform: [3.6, 360] } }
    gL:  {}
  data:
    - synthetic:
        parameters: { gNa: 120, gK: 36, gL: 0.3 }
        stimulus: { step: { amplitude: 10 } }
        durationMs: 50
        sampleMs: 0.1
        noiseMv: 1
        draws: 4
    - recording: { file: cell.csv, columns: { timeMs: t, voltageMv: V, currentUaPerCm2: I }, windowMs: [0, 50] }
    - recording: { file: cell.abf, sweeps: [10, 12], window: { perSpike: { beforeMs: 5, afterMs: 20 } } }
space:
  states: integrated
  network.depth: 2
  network.width: { choice: [24, 32] }
  network.features: 24
  loss.gates: { logUniform: [1, 30] }
  replicas: 8
sampler: grid
training: standard
accept: { chi2: auto, spikes: equal }
tolerate: { failed: 0, diverged: 0.1 }
`;

describe('a spec', () => {
  test('as the interface shows it is read', () => {
    const spec = parseSpec(EXAMPLE, 'recovery.yaml');
    expect(spec.problem.infer).toEqual({ gNa: { start: { logUniform: [12, 1200] } }, gK: { start: { logUniform: [3.6, 360] } }, gL: {} });
    expect(spec.problem.data).toHaveLength(3);
    expect(spec.space?.['loss.gates']).toEqual({ logUniform: [1, 30] });
  });

  test('says the same in YAML and in JSON, with tabs or without', () => {
    const spec = parseSpec(EXAMPLE, 'a.yaml');
    expect(parseSpec(JSON.stringify(spec), 'a.json')).toEqual(spec);
    expect(parseSpec(JSON.stringify(spec, null, '\t'), 'named-as-yaml.yaml')).toEqual(spec);
  });

  test('takes a plain list of names to infer', () => {
    expect(
      parseSpec('{ name: a, problem: { model: m, infer: [gNa, gK], data: [{ recording: { file: x } }] } }', 'a').problem.infer,
    ).toEqual(['gNa', 'gK']);
  });

  test('may use anchors and merge keys', () => {
    const text = `name: a
problem:
  model: hh
  infer: [gNa]
  data:
    - synthetic: &first { stimulus: { step: { amplitude: 10 } }, durationMs: 50 }
    - synthetic: { <<: *first, durationMs: 100 }
`;
    expect(parseSpec(text, 'a.yaml').problem.data[1]).toEqual({ synthetic: { stimulus: { step: { amplitude: 10 } }, durationMs: 100 } });
  });
});

describe('a spec file', () => {
  test('is read from disk', () => {
    const file = join(folder, 'good.yaml');
    writeFileSync(file, EXAMPLE);
    expect(readSpec(file).name).toBe('recovery');
  });

  test.each([
    ['that is missing', () => join(folder, 'missing.yaml'), 'no such file'],
    ['that is a folder', () => folder, /^a folder$/],
    ['that is not UTF-8', () => write('latin1.yaml', Buffer.from([0x6e, 0xe9, 0x0a])), /not valid/],
    ['that is too large', () => write('large.yaml', Buffer.alloc(MAX_SPEC_BYTES + 1, 0x20)), String(MAX_SPEC_BYTES + 1)],
  ])('%s is refused with its name and the reason', (_title, make, got) => {
    const file = make();
    const { violations, exitCode } = errorOf(() => readSpec(file));
    expect(exitCode).toBe(2);
    expect(violations).toEqual([
      expect.objectContaining({ code: 'SPEC_NOT_READABLE', where: file, got: expect.stringMatching(got) as string }),
    ]);
  });
});

function write(name: string, content: Buffer): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}
