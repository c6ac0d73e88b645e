/**
 * Rules of a spec that a JSON Schema cannot say: bounds that make sense, limits of axes, windows that do not end before they begin,
 * entries that are not written twice. They are checked together with the schema, so that one run shows every error; therefore they
 * take an unchecked value, and pass over whatever has the wrong type: the schema reports that.
 */
import { canonicalJson } from '../../schemas/content-id.ts';
import { distributionViolations, isInside, limitRule, UNLIMITED, type Limits } from '../../schemas/distribution.ts';
import type { ErrorCode, Violation } from '../../schemas/errors.ts';
import type { Path } from '../../schemas/meant-branch.ts';
import { shown, whereOf, type Place } from '../../schemas/violations.ts';
import { AXES, AXIS_LIMITS, isFixedAxis, parameterOf } from './axes.ts';

/** Every violation of the rules. `spec` is any value. */
export function ruleViolations(spec: unknown, place: Place): Violation[] {
  const problem = field(spec, 'problem');
  const data = items(field(problem, 'data'));
  return [
    ...startViolations(field(problem, 'infer'), place),
    ...bothInferredAndFixed(problem, place),
    ...windowViolations(field(problem, 'passive'), ['problem', 'passive'], place),
    ...duplicateData(data, place),
    ...data.flatMap((entry, index) => [
      ...syntheticViolations(field(entry, 'synthetic'), ['problem', 'data', index, 'synthetic'], place),
      ...selections(field(entry, 'recording'), ['problem', 'data', index, 'recording']).flatMap(([path, selection]) =>
        windowViolations(selection, path, place),
      ),
    ]),
    ...axisViolations(field(spec, 'space'), place),
    ...methodViolations(spec, place),
    ...bothFixedAndAxis(spec, place),
    ...items(field(spec, 'training')).flatMap((stage, index) => stageViolations(stage, ['training', index], place)),
    ...finishViolations(items(field(spec, 'training')), place),
  ];
}

function startViolations(infer: unknown, place: Place): Violation[] {
  return fields(infer).flatMap(([name, unknown]) =>
    distributionViolations(field(unknown, 'start'), ['problem', 'infer', name, 'start'], place),
  );
}

function bothInferredAndFixed(problem: unknown, place: Place): Violation[] {
  const infer = field(problem, 'infer');
  const inferred = new Set<unknown>(Array.isArray(infer) ? infer : fields(infer).map(([name]) => name));
  return fields(field(problem, 'fixed'))
    .filter(([name]) => inferred.has(name))
    .map(([name, value]) => ({
      ...violation('SPEC_INVALID', ['problem', 'fixed', name], place, 'a parameter is either inferred or fixed', value),
      remedy: `Take "${name}" out of "infer" or out of "fixed".`,
    }));
}

function bothFixedAndAxis(spec: unknown, place: Place): Violation[] {
  const fixed = new Set(fields(field(field(spec, 'problem'), 'fixed')).map(([name]) => name));
  return fields(field(spec, 'space')).flatMap(([axis, value]) => {
    if (!isFixedAxis(axis) || !fixed.has(parameterOf(axis))) return [];
    const remedy = `Take "${parameterOf(axis)}" out of "problem.fixed".`;
    return [{ ...violation('SPEC_INVALID', ['space', axis], place, 'has a value in "problem.fixed" already', value), remedy }];
  });
}

function duplicateData(data: readonly unknown[], place: Place): Violation[] {
  const firsts = new Map<string, number>();
  return data.flatMap((entry, index) => {
    const text = jsonOf(entry);
    const first = text === undefined ? undefined : firsts.get(text);
    if (text !== undefined && first === undefined) firsts.set(text, index);
    if (first === undefined) return [];
    const rule = `must differ from data[${first}]: the same data would count twice`;
    return [
      { ...violation('SPEC_DUPLICATE_DATA', ['problem', 'data', index], place, rule, entry), remedy: 'For more noise draws use "draws".' },
    ];
  });
}

function syntheticViolations(synthetic: unknown, path: Path, place: Place): Violation[] {
  const sampleMs = field(synthetic, 'sampleMs');
  const durationMs = field(synthetic, 'durationMs');
  const parts = [...stimulusEntries(synthetic, path), ...stimulusEntries(field(synthetic, 'holdOut'), [...path, 'holdOut'])].flatMap(
    ([where, stimulus]): [Path, unknown][] =>
      Array.isArray(stimulus) ? stimulus.map((part: unknown, index) => [[...where, index], part]) : [[where, stimulus]],
  );
  const tooCoarse = isNumber(sampleMs) && isNumber(durationMs) && sampleMs > durationMs;
  return [
    ...oneOfTwo(synthetic, ['stimulus', 'stimuli'], path, place),
    ...truthViolations(synthetic, path, place),
    ...(tooCoarse ? [violation('SPEC_INVALID', [...path, 'sampleMs'], place, 'must be at most durationMs', sampleMs)] : []),
    ...parts.flatMap(([where, part]) => fields(part).flatMap(([kind, body]) => spanViolations(body, [...where, kind], place))),
  ];
}

/** Several truths need something to draw; without it they are one cell, counted several times. */
function truthViolations(synthetic: unknown, path: Path, place: Place): Violation[] {
  const values = fields(field(synthetic, 'parameters'));
  const truths = field(synthetic, 'truths');
  const same = isNumber(truths) && truths > 1 && values.every(([, value]) => isNumber(value));
  const rule = 'needs a distribution in "parameters": the same cell would count several times';
  return [
    ...values.flatMap(([name, value]) => distributionViolations(value, [...path, 'parameters', name], place)),
    ...(same
      ? [
          {
            ...violation('SPEC_INVALID', [...path, 'truths'], place, rule, truths),
            remedy: 'For instance gNa: { logUniform: [60, 240] }; for more noise draws use "draws".',
          },
        ]
      : []),
  ];
}

function stimulusEntries(entry: unknown, path: Path): [Path, unknown][] {
  const stimuli = items(field(entry, 'stimuli'));
  return [
    [[...path, 'stimulus'], field(entry, 'stimulus')],
    ...stimuli.map((one, index): [Path, unknown] => [[...path, 'stimuli', index], one]),
  ];
}

/** Of two keys one and not both. */
function oneOfTwo(entry: unknown, keys: readonly [string, string], path: Path, place: Place): Violation[] {
  if (typeof entry !== 'object' || entry === null) return [];
  const given = keys.filter((key) => field(entry, key) !== undefined);
  if (given.length === 1) return [];
  return [violation('SPEC_INVALID', path, place, `must have either "${keys[0]}" or "${keys[1]}"`, given.length === 0 ? undefined : given)];
}

function spanViolations(body: unknown, path: Path, place: Place): Violation[] {
  const startMs = field(body, 'startMs');
  const endMs = field(body, 'endMs');
  if (!isNumber(endMs) || endMs > (isNumber(startMs) ? startMs : 0)) return [];
  return [violation('SPEC_INVALID', [...path, 'endMs'], place, 'must be greater than startMs', endMs)];
}

/** What is fitted of a recording, and each stretch that is held out. */
function selections(recording: unknown, path: Path): [Path, unknown][] {
  const holdOut = field(recording, 'holdOut');
  const held: [Path, unknown][] = Array.isArray(holdOut)
    ? holdOut.map((one: unknown, index) => [[...path, 'holdOut', index], one])
    : [[[...path, 'holdOut'], holdOut]];
  return [[path, recording], ...held];
}

function windowViolations(recording: unknown, path: Path, place: Place): Violation[] {
  const windowMs = field(recording, 'windowMs');
  const windows: readonly [Path, unknown][] =
    Array.isArray(windowMs) && windowMs.some((item) => Array.isArray(item))
      ? windowMs.map((window: unknown, index) => [[...path, 'windowMs', index], window])
      : [[[...path, 'windowMs'], windowMs]];
  const turned = windows.flatMap(([where, window]) => {
    const [from, to] = items(window);
    return isNumber(from) && isNumber(to) && from >= to ? [violation('SPEC_INVALID', where, place, 'from < to must hold', window)] : [];
  });
  return [...turned, ...ruleOfWindowViolations(field(recording, 'window'), windowMs !== undefined, [...path, 'window'], place)];
}

/** perSpike may stand with an epoch or windowMs, which say where spikes are looked for; nothing else says the same twice. */
function ruleOfWindowViolations(window: unknown, inTime: boolean, path: Path, place: Place): Violation[] {
  const keys = fields(window).map(([key]) => key);
  const [perSpike, epoch, onset] = ['perSpike', 'epoch', 'onset'].map((key) => keys.includes(key));
  if (window === undefined || window === null || (keys.length > 0 && perSpike !== true && epoch !== true && onset !== true)) return [];
  const rule = (text: string): Violation[] => [violation('SPEC_INVALID', path, place, text, window)];
  if (keys.length === 0) return rule('must have the key "perSpike", "epoch" or "onset"');
  if (onset === true && (perSpike === true || epoch === true)) return rule('"onset" must stand alone');
  return inTime && (epoch === true || onset === true) ? rule('must not stand beside "windowMs" unless it is perSpike alone') : [];
}

/** Options of a method that no replica is estimated by. */
function methodViolations(spec: unknown, place: Place): Violation[] {
  const axis = field(field(spec, 'space'), 'method') ?? 'pinn';
  const named = new Set(typeof axis === 'string' ? [axis] : items(field(axis, 'choice')));
  return fields(field(spec, 'methods'))
    .filter(([name]) => !named.has(name))
    .map(([name, options]) => ({
      ...violation('SPEC_INVALID', ['methods', name], place, 'options are for methods that space.method names', options),
      remedy: `Write space: { method: { choice: [pinn, ${name}] } }.`,
    }));
}

function axisViolations(space: unknown, place: Place): Violation[] {
  const fixed = fields(space).flatMap(([name]) => (isFixedAxis(name) ? [name] : []));
  return [...AXES, ...fixed].flatMap((name) => {
    const axis = field(space, name);
    const limits = isFixedAxis(name) ? UNLIMITED : AXIS_LIMITS[name];
    if (limits === undefined) return [];
    const choice = items(field(axis, 'choice')).map((value, index): [Path, unknown] => [['space', name, 'choice', index], value]);
    const values: readonly [Path, unknown][] = [[['space', name], axis], ...choice];
    return [
      ...values.flatMap(([path, value]) => limitViolations(value, path, place, limits)),
      ...distributionViolations(axis, ['space', name], place, limits),
    ];
  });
}

function limitViolations(value: unknown, path: Path, place: Place, limits: Limits): Violation[] {
  return !isNumber(value) || isInside(value, limits) ? [] : [violation('SPEC_INVALID', path, place, limitRule(limits), value)];
}

function stageViolations(stage: unknown, path: Path, place: Place): Violation[] {
  const ramp = items(field(stage, 'physics')).filter(isNumber);
  const falls = ramp.some((weight, index) => weight < (ramp[index - 1] ?? 0));
  const warmup = field(stage, 'warmup');
  const steps = field(stage, 'steps');
  const endless = isNumber(warmup) && isNumber(steps) && warmup > steps;
  return [
    ...(falls ? [violation('SPEC_INVALID', [...path, 'physics'], place, 'a ramp of physics weights must not fall', ramp)] : []),
    ...(endless ? [violation('SPEC_INVALID', [...path, 'warmup'], place, 'must be at most steps', warmup)] : []),
  ];
}

/** A finish goes on from what the stages before it found. */
function finishViolations(stages: readonly unknown[], place: Place): Violation[] {
  return stages.flatMap((stage, index) => {
    if (field(stage, 'finish') === undefined) return [];
    const path = ['training', index];
    if (stages.length === 1) return [violation('SPEC_INVALID', path, place, 'a finish needs a stage before it', stage)];
    return index === stages.length - 1 ? [] : [violation('SPEC_INVALID', path, place, 'a finish must be the last of the list', stage)];
  });
}

function violation(code: ErrorCode, path: Path, place: Place, rule: string, got: unknown): Violation {
  return { code, where: whereOf(path, place), rule, got: shown(got) };
}

function jsonOf(entry: unknown): string | undefined {
  try {
    return canonicalJson(entry);
  } catch (error) {
    // YAML has NaN and dates of its own; the schema reports them.
    if (error instanceof Error && error.message.startsWith('internal:')) return undefined;
    throw error;
  }
}

function field(value: unknown, key: string): unknown {
  return fields(value).find(([name]) => name === key)?.[1];
}

function fields(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
