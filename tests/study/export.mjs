/**
 * Does what `loligo export` writes run in the simulators themselves? Makes a Python environment with Brian2 and pyNeuroML, then: the Brian2
 * script of every built-in model runs and is compared with our own solution, every NeuroML file that can be written is validated against the
 * schema, and those of two models are simulated by jNeuroML (needs Java) and compared too. Minutes, most of them pip's. Writes export.md.
 * Needs the built dist/: npm run study:export -- [--out DIR (runs/study-export)]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

// Brian2 2.9.0 needs a NumPy before 2
const PACKAGES = ['brian2==2.9.0', 'numpy==1.26.4', 'pyneuroml==1.3.22'];
const SAMPLE_MS = 0.1;
/** jNeuroML integrates by forward Euler: what is left at the file's step is its own error, so it is run at finer ones too, ms. */
const LEMS_STEPS_MS = [0.01, 0.001, 0.0001];
/** As far from a spike as one sample may be off by its shift, ms. */
const NEAR_SPIKE_MS = 1;
const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { builtinModels, loadModel } = await built('worker/models/library.js');
const { untiedValues } = await built('worker/models/parameter-values.js');
const { brian2Script } = await built('worker/export/brian2.js');
const { modelSource } = await built('worker/export/ensemble.js');
const { neuromlFiles } = await built('worker/export/neuroml.js');
const { spikeTimes } = await built('worker/recordings/spikes.js');
const { simulate, steadyGates } = await built('worker/simulate/forward.js');

const { values: options } = parseArgs({ options: { out: { type: 'string', default: 'runs/study-export' } } });
const out = resolve(options.out);
const python = join(out, 'venv', 'bin', 'python');
mkdirSync(out, { recursive: true });
if (!existsSync(python)) {
  run('python3', ['-m', 'venv', join(out, 'venv')]);
  run(python, ['-m', 'pip', 'install', '--quiet', ...PACKAGES]);
}
run('npx', ['vitest', 'run', 'tests/worker/export'], { LOLIGO_BRIAN2: python });
const names = builtinModels();
const rows = [...names.map(compareBrian2), ...names.filter(isNeuroml).map(validateNeuroml)];
for (const name of ['hodgkin-huxley', 'pospischil-rs']) rows.push(...compareLems(name));
const head =
  '| model | simulator | V against ours, all samples (mV) | away from spikes | spikes, ours and theirs | largest shift of a spike (ms) |';
const page = [head, '|---|---|---|---|---|---|', ...rows].join('\n');
writeFileSync(join(out, 'export.md'), `${page}\n`);
console.log(page);

/** One neuron of the model's own values under a step after 5 ms, from steady gates at rest; 50 ms. */
function ensembleOf(name) {
  const source = modelSource(loadModel(name, '.').text, name);
  const { model } = source;
  const strength = model.currentUnit === 'pA' ? 400 : name === 'morris-lecar' ? 100 : 12;
  const current = Float64Array.from({ length: 501 }, (_, i) => (i < 50 ? 0 : strength));
  const parameters = Object.fromEntries(model.parameters.map((parameter) => [parameter.name, parameter.value]));
  const initial = { V: model.rest, ...steadyGates(model, parameters, model.rest) };
  const neurons = [{ label: 'median', stretch: 0, parameters, initial }];
  return { name, origin: ['npm run study:export'], source, stretches: [{ label: 'step', sampleMs: SAMPLE_MS, current }], neurons };
}

function solutionOf(name) {
  const { source, stretches, neurons } = ensembleOf(name);
  const [{ current, sampleMs }] = stretches;
  const [{ parameters, initial }] = neurons;
  return simulate(source.model, { parameters: untiedValues(source.model, parameters), initial, current, sampleMs }).states.V;
}

function compareBrian2(name) {
  const script = join(out, `${name}.py`);
  const table = join(out, `${name}.csv`);
  writeFileSync(script, brian2Script(ensembleOf(name)));
  run(python, [script, table], {}, 'pipe');
  const [, ...lines] = readFileSync(table, 'utf8').trim().split('\n');
  const V = Float64Array.from(lines, (line) => Number(line.split(',')[1]));
  return rowOf(name, 'Brian2', solutionOf(name), V);
}

/** A model that NeuroML cannot express says why. */
function isNeuroml(name) {
  try {
    const { nml, lems } = neuromlFiles(ensembleOf(name), `${name}.nml`);
    writeFileSync(join(out, `${name}.nml`), nml);
    writeFileSync(join(out, `LEMS_${name}.xml`), lems);
    return true;
  } catch (error) {
    process.stderr.write(`${name}: ${error.message}\n`);
    return false;
  }
}

function validateNeuroml(name) {
  run(python, ['-c', 'import sys; from neuroml.utils import validate_neuroml2; validate_neuroml2(sys.argv[1])', join(out, `${name}.nml`)]);
  return `| ${name} | NeuroML 2 schema | valid | | | |`;
}

function compareLems(name) {
  const folder = join(
    run(python, ['-c', 'import os, pyneuroml; print(os.path.dirname(pyneuroml.__file__))'], {}, 'pipe').toString().trim(),
    'lib',
  );
  const [jar] = readdirSync(folder).filter((entry) => entry.endsWith('.jar'));
  const ours = solutionOf(name);
  return LEMS_STEPS_MS.map((stepMs) => {
    const text = readFileSync(join(out, `LEMS_${name}.xml`), 'utf8').replace(/step="[\d.]+ ms"/, `step="${stepMs} ms"`);
    writeFileSync(join(out, 'LEMS_run.xml'), text);
    execFileSync('java', ['-jar', join(folder, jar), 'LEMS_run.xml', '-nogui'], { cwd: out, stdio: 'pipe' });
    const lines = readFileSync(join(out, `${name.replaceAll('-', '_')}-V.dat`), 'utf8')
      .trim()
      .split('\n');
    const every = Math.round(SAMPLE_MS / stepMs);
    const V = ours.map((_, i) => 1e3 * Number(lines[i * every].split('\t')[1]));
    return rowOf(name, `jNeuroML, steps of ${stepMs} ms`, ours, V);
  });
}

function rowOf(name, simulator, ours, theirs) {
  const [own, other] = [ours, theirs].map((V) => spikeTimes(V, SAMPLE_MS));
  const away = (_, i) => [...own, ...other].every((atMs) => Math.abs(atMs - i * SAMPLE_MS) > NEAR_SPIKE_MS);
  const misfits = [...ours].map((value, i) => Math.abs(value - theirs[i]));
  const shifts = own.length === other.length ? own.map((atMs, k) => Math.abs(atMs - other[k])) : [NaN];
  const numbers = [Math.max(...misfits), Math.max(...misfits.filter(away))].map((value) => value.toPrecision(2));
  return `| ${name} | ${simulator} | ${numbers.join(' | ')} | ${own.length}, ${other.length} | ${own.length === 0 ? '-' : Math.max(...shifts).toPrecision(2)} |`;
}

function run(command, args, environment = {}, stdio = 'inherit') {
  return execFileSync(command, args, { stdio, env: { ...process.env, ...environment } });
}
