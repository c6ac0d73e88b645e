/**
 * Does what `loligo export` writes run in the simulators themselves? Makes a Python environment with Brian2 and pyNeuroML, then: the Brian2
 * scripts of two built-in models run and are compared with our own solution (tests/worker/export), every NeuroML file that can be written
 * is validated against the schema, and that of Hodgkin-Huxley is simulated by jNeuroML (needs Java) and compared too. Minutes, most of them pip's.
 * Needs the built dist/: npm run study:export -- [--out DIR (runs/study-export)]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

// Brian2 2.9.0 needs a NumPy before 2
const PACKAGES = ['brian2==2.9.0', 'numpy==1.26.4', 'pyneuroml==1.3.22'];
const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { builtinModels, loadModel } = await built('worker/models/library.js');
const { modelSource } = await built('worker/export/ensemble.js');
const { neuromlFiles } = await built('worker/export/neuroml.js');
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
const written = builtinModels().flatMap(writeNeuroml);
for (const { name, file } of written) {
  run(python, ['-c', 'import sys; from neuroml.utils import validate_neuroml2; validate_neuroml2(sys.argv[1])', file]);
  say(`${name}: valid NeuroML 2`);
}
compareLems('hodgkin-huxley');

/** One neuron of the model's own values under a step, from rest. */
function ensembleOf(name) {
  const source = modelSource(loadModel(name, '.').text, name);
  const { model } = source;
  const strength = model.currentUnit === 'pA' ? 400 : 12;
  const current = Float64Array.from({ length: 501 }, (_, i) => (i < 50 ? 0 : strength));
  const parameters = Object.fromEntries(model.parameters.map((parameter) => [parameter.name, parameter.value]));
  const initial = { V: model.rest, ...steadyGates(model, parameters, model.rest) };
  const neurons = [{ label: 'median', stretch: 0, parameters, initial }];
  return { name, origin: ['npm run study:export'], source, stretches: [{ label: 'step', sampleMs: 0.1, current }], neurons };
}

/** A model that NeuroML cannot express says why. */
function writeNeuroml(name) {
  const file = join(out, `${name}.nml`);
  try {
    const { nml, lems } = neuromlFiles(ensembleOf(name), `${name}.nml`);
    writeFileSync(file, nml);
    writeFileSync(join(out, `LEMS_${name}.xml`), lems);
    return [{ name, file }];
  } catch (error) {
    say(`${name}: ${error.message}`);
    return [];
  }
}

/** jNeuroML integrates by forward Euler: what is left at the file's step of 0.01 ms is its own error, so it is run at a tenth of it too. */
function compareLems(name) {
  const jar = join(
    run(python, ['-c', 'import os, pyneuroml; print(os.path.dirname(pyneuroml.__file__))'], {}, 'pipe').toString().trim(),
    'lib',
  );
  const [file] = readdirSync(jar).filter((entry) => entry.endsWith('.jar'));
  const { source, stretches, neurons } = ensembleOf(name);
  const [{ current, sampleMs }] = stretches;
  const ours = simulate(source.model, { ...neurons[0], current, sampleMs }).states.V;
  for (const finer of [1, 10]) {
    const lems = join(out, `LEMS_${name}.xml`);
    const text = readFileSync(lems, 'utf8').replace('step="0.01 ms"', `step="${0.01 / finer} ms"`);
    writeFileSync(join(out, `LEMS_run.xml`), text);
    execFileSync('java', ['-jar', join(jar, file), 'LEMS_run.xml', '-nogui'], { cwd: out, stdio: 'pipe' });
    const V = readFileSync(join(out, `${name.replaceAll('-', '_')}-V.dat`), 'utf8')
      .trim()
      .split('\n')
      .map((line) => 1e3 * Number(line.split('\t')[1]));
    const every = Math.round(sampleMs / (0.01 / finer));
    const worst = Math.max(...ours.map((value, i) => Math.abs(value - V[i * every])));
    say(`${name}: jNeuroML at ${0.01 / finer} ms is within ${worst.toPrecision(2)} mV of our solution`);
  }
}

function run(command, args, environment = {}, stdio = 'inherit') {
  return execFileSync(command, args, { stdio, env: { ...process.env, ...environment } });
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
