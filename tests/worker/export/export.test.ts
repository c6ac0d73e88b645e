import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../schemas/package-root.ts';
import { brian2Script } from '../../../worker/export/brian2.ts';
import { modelSource, type Ensemble } from '../../../worker/export/ensemble.ts';
import { neuromlFiles } from '../../../worker/export/neuroml.ts';
import { brianDimension, brianUnit } from '../../../worker/export/unit-words.ts';
import { builtinModels, loadModel } from '../../../worker/models/library.ts';
import { untiedValues } from '../../../worker/models/parameter-values.ts';
import { simulate, steadyGates } from '../../../worker/simulate/forward.ts';
import { sampleStimulus } from '../../../worker/simulate/stimuli.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';

const scratch = scratchFolders();

/** Two neurons of a model on one stimulus, the second with all conductances a tenth larger. */
function ensembleOf(name: string, durationMs = 50): Ensemble {
  const { text } = loadModel(name, packageRoot());
  const source = modelSource(text, name);
  const { model } = source;
  const sampleMs = 0.1;
  const samples = Math.round(durationMs / sampleMs) + 1;
  const strength = model.currentUnit === 'pA' ? 400 : 12;
  const current = sampleStimulus(
    [{ step: { amplitude: strength, startMs: 5 } }, { sine: { amplitude: 0.2 * strength, frequencyHz: 80 } }],
    { samples, sampleMs },
  );
  const own = Object.fromEntries(model.parameters.map(({ name: one, value }) => [one, value]));
  const larger = Object.fromEntries(Object.entries(own).map(([one, value]) => [one, one.startsWith('g') ? 1.1 * value : value]));
  const V = model.rest + 1;
  const neurons = [own, larger].map((parameters, row) => ({
    label: row === 0 ? 'median' : 'replica 1',
    stretch: 0,
    parameters,
    initial: { V, ...steadyGates(model, parameters, V) },
  }));
  return { name: 'sample', origin: ['a test'], source, stretches: [{ label: 'steps & more', sampleMs, current }], neurons };
}

test('units are spelled out', () => {
  expect(brianUnit('mS/cm2')).toBe('msiemens/cmeter**2');
  expect(brianUnit('1')).toBe('1');
  expect(brianDimension('uF/cm2')).toBe('farad/meter**2');
  expect(brianDimension('pA')).toBe('amp');
  // what stands behind a colon there must be without parentheses, or the equation is not read
  expect(brianDimension('uM cm2/(ms uA)')).toBe('mmolar*meter**2/second/amp');
  expect(brianUnit('1/ms')).toBe('1/msecond');
  expect(brianUnit('uM cm2/(ms uA)')).toBe('umolar*cmeter**2/msecond/uamp');
  expect(() => brianUnit('furlong')).toThrow(/furlong.*\[SPEC_UNSUPPORTED\]/);
});

const BRIAN2 = process.env['LOLIGO_BRIAN2'] === undefined ? [] : [process.env['LOLIGO_BRIAN2']];

describe('brian2', () => {
  test.each(builtinModels())('the script of %s has an equation for every state and every name that it reads', (name) => {
    const script = brian2Script(ensembleOf(name));
    const equations = /EQUATIONS = """\n([^]*?)\n"""/.exec(script)![1]!.split('\n');
    const defined = equations.map((line) => /^(?:d(\w+)\/dt|(\w+))/.exec(line)!).map((match) => match[1] ?? match[2]!);
    const known = new Set([...defined, 'stimulus', 't', 'exp', 'log', 'sqrt', 'tanh', 'sinh', 'cosh', 'exprel', ...unitWords(script)]);
    for (const line of equations)
      for (const word of line
        .slice(line.indexOf('=') + 1)
        .split(' : ')[0]!
        .match(/[A-Za-z_]\w*/g) ?? [])
        expect(known).toContain(word);
    expect(new Set(defined).size).toBe(defined.length);
  });

  test('a function called alpha_m and parameters called after Brian2 words get names of their own', () => {
    const hh = loadModel('hodgkin-huxley', packageRoot()).text;
    const text = hh
      .replace('gates:', 'functions:\n  alpha_m: 1 / exprel(-(V + 40) / 10)\n  tau_h: V / 20\ngates:')
      .replace('alpha: 1 / exprel(-(V + 40) / 10)', 'alpha: 1 * alpha_m')
      .replace('-(V + 65) / 20', '-tau_h - 3.25')
      .replaceAll(/\bgL\b/g, 'lambda')
      .replaceAll(/\bEL\b/g, 'mvolt');
    const source = modelSource(text, 'named');
    const { parameters } = source.file;
    const values = Object.fromEntries(Object.entries(parameters).map(([name, { value }]) => [name, value]));
    const neurons = [{ label: 'median', stretch: 0, parameters: values, initial: { V: -65, ...steadyGates(source.model, values, -65) } }];
    const script = brian2Script({ ...ensembleOf('hodgkin-huxley'), source, neurons });
    expect(script).toContain('alpha_m = 1 / exprel(');
    expect(script).toContain('dm/dt = alpha_m_*(1 - m) - beta_m*m : 1\nalpha_m_ = (1 * alpha_m)/msecond : hertz');
    expect(script).toContain('IL = lambda_ * (V - mvolt_) : amp/meter**2');
    expect(script).toContain("'lambda_': np.full(len(ROWS), 0.3)");
  });

  // npm run study:export names a Python that has Brian2, and so brings this one in: half a minute, most of it Brian2's imports
  test.each(BRIAN2)(
    'the script runs in Brian2, and V agrees with ours to 0.1 mV',
    (python) => {
      for (const name of ['hodgkin-huxley', 'pospischil-rs']) expect(worstDifference(name, python), name).toBeLessThan(0.1);
    },
    120_000,
  );
});

function unitWords(script: string): string[] {
  return script.match(/\b[fpnumckMG]?(?:volt|siemens|amp|farad|second|meter|molar|mole|hertz)\b/g) ?? [];
}

/** mV, over both neurons and all samples; spikes shifted by less than 0.05 ms are not counted within 1 ms of them. */
function worstDifference(name: string, python: string): number {
  const ensemble = ensembleOf(name);
  const folder = scratch();
  const script = join(folder, 'script.py');
  const out = join(folder, 'V.csv');
  writeFileSync(script, brian2Script(ensemble));
  execFileSync(python, [script, out], { stdio: 'pipe' });
  const rows = readFileSync(out, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').map(Number));
  const [{ current, sampleMs }] = ensemble.stretches as [Ensemble['stretches'][number]];
  expect(rows).toHaveLength(current.length);
  const differences = ensemble.neurons.map(({ parameters, initial }, k) => {
    const ours = simulate(ensemble.source.model, {
      parameters: untiedValues(ensemble.source.model, parameters),
      initial,
      current,
      sampleMs,
    });
    if (ours.kind === 'failed') throw new Error(ours.reason);
    const V = ours.states['V']!;
    expect(Math.max(...V)).toBeGreaterThan(0);
    return Math.max(...V.map((value, i) => Math.abs(value - rows[i]![k + 1]!)));
  });
  return Math.max(...differences);
}

/** Names in the equations of a LEMS component type that are not defined before them. */
function earlyNames(type: string): string[] {
  const known = new Set(['v', 'exp', 'log', 'sqrt', 'tanh', 'sinh', 'cosh', 'e']);
  return [...type.matchAll(/<(\w+) name="(\w+)"[^>]* value="([^"]*)"/g)].flatMap(([, kind, name = '', value = '']) => {
    const early = kind === 'Constant' ? [] : (value.match(/[A-Za-z_]\w*/g) ?? []).filter((word) => !known.has(word));
    known.add(name);
    return early;
  });
}

describe('neuroml', () => {
  test('a model of gates and conductances becomes channels, cells and a simulation', () => {
    const { nml, lems } = neuromlFiles(ensembleOf('pospischil-rs'), 'sample.nml');
    expect(nml).toContain('<gate id="p" type="gateHHtauInf" instances="1">');
    expect(nml.match(/<cell id=/g)).toHaveLength(2);
    expect(nml).toContain('condDensity="56');
    expect(lems).toContain('<Include file="sample.nml"/>');
    expect(lems).toContain('step="0.001 ms"');
  });

  // simulators evaluate the variables of a rate in the order of the file
  test.each(['hodgkin-huxley', 'connor-stevens', 'pospischil-ib'])(
    'every variable of a rate of %s is written before it is used',
    (name) => {
      const { nml } = neuromlFiles(ensembleOf(name), 'sample.nml');
      const rates = nml.match(/<ComponentType[^]*?<\/ComponentType>/g)!;
      expect(rates.flatMap(earlyNames)).toEqual([]);
    },
  );

  test('what it cannot say is refused with the equation', () => {
    const { text } = loadModel('hodgkin-huxley', packageRoot());
    const other = text.replace('INa: gNa * m^3 * h * (V - ENa)', 'INa: gNa * m^3 * h * (V - ENa) * tanh(h)');
    const ensemble = { ...ensembleOf('hodgkin-huxley'), source: modelSource(other, 'other') };
    expect(() => neuromlFiles(ensemble, 'x.nml')).toThrow(/model\.currents\.INa: .*for NeuroML; got .*tanh.*brian2/);
  });
});
