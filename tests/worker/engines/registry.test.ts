/** Which engines are found, and which one is taken. Speeds are this machine's: only their order is looked at. */
import { expect, test } from 'vitest';
import { LoligoError } from '../../../schemas/errors.ts';
import { availableEngines, openEngine } from '../../../worker/engines/registry.ts';

const handlers = (): number[] => ['uncaughtException', 'unhandledRejection'].map((event) => process.listenerCount(event));
/** Before any engine was started. */
const HANDLERS_BEFORE = handlers();

test('every engine of this build works here and was timed', async () => {
  const findings = await availableEngines();
  expect(findings.map(({ name }) => name)).toEqual(['reference', 'tfjs', 'native', 'wasm', 'webgpu']);
  // webgpu needs a driver that this machine may not have
  for (const finding of findings.filter(({ name, available }) => name !== 'webgpu' || available)) {
    expect(finding, finding.reason).toMatchObject({ available: true });
    expect(finding.stepsPerSecond).toBeGreaterThan(0);
  }
  // the add-on is compiled here where `npm ci` has not done it
}, 180_000);

test('auto takes the fastest and says so; the timing is done once', async () => {
  const findings = await availableEngines();
  const fastest = findings
    .filter(({ name }) => name !== 'webgpu')
    .reduce((a, b) => ((b.stepsPerSecond ?? 0) > (a.stepsPerSecond ?? 0) ? b : a));
  const { engine, why } = await openEngine('auto');
  expect(await availableEngines()).toBe(findings);
  expect(engine.name).toBe(fastest.name);
  expect(why).toContain(`${fastest.name} is the fastest here`);
  await engine.close();
});

test('auto passes over engines that refuse, and says what they lack', async () => {
  const { engine, why } = await openEngine('auto', ({ name }) => (name === 'reference' ? null : 'network.activation: gelu'));
  expect(engine.name).toBe('reference');
  expect(why).toContain('wasm does not train network.activation: gelu');
  const none = openEngine('auto', () => 'network.activation: gelu');
  await expect(none).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
});

test('an engine asked for by name is the one that is opened', async () => {
  const { engine, why } = await openEngine('reference');
  expect(engine.name).toBe('reference');
  expect(why).toContain('asked for');
});

test('an engine that is not there is refused with the engines that are', async () => {
  const error = await openEngine('cuda').catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(LoligoError);
  expect(error).toMatchObject({ code: 'ENGINE_UNAVAILABLE', exitCode: 6 });
  expect(String(error)).toContain('auto, reference, tfjs, native, wasm, webgpu');
});

test('starting an engine leaves no handler of uncaught errors behind', async () => {
  await (await openEngine('tfjs')).engine.close();
  expect(handlers()).toEqual(HANDLERS_BEFORE);
});
