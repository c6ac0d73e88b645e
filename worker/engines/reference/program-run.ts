/** A model's program and its partial derivatives over a vector of points: inputs set once, values and partials computed when asked. */
import { partials } from '../../models/differentiate.ts';
import { createInterpreter, type Interpreter } from '../../models/interpret.ts';
import type { Program } from '../../models/program.ts';

export class ProgramRun {
  private readonly value: Interpreter;
  private readonly slope: Interpreter | null;
  private readonly valueInputs: ReadonlySet<string>;
  private readonly slopeInputs: ReadonlySet<string>;
  private readonly vectors: ReadonlyMap<string, Float64Array>;
  private readonly wrt: ReadonlySet<string>;
  private readonly scalarNames: readonly string[];

  /** `wrt`: inputs to differentiate by (those that the program does not read give zeros). `vectors`: inputs that differ between points. */
  constructor(program: Program, wrt: readonly string[], points: number, vectors: readonly string[]) {
    this.scalarNames = program.inputs.filter((name) => !vectors.includes(name));
    this.value = createInterpreter(program, points, this.scalarNames);
    const slopes = wrt.length === 0 ? null : partials(program, wrt);
    this.slope = slopes === null ? null : createInterpreter(slopes, points, this.scalarNames);
    this.valueInputs = new Set(program.inputs);
    this.slopeInputs = new Set(slopes?.inputs ?? []);
    this.wrt = new Set(wrt.filter((name) => program.inputs.includes(name)));
    this.vectors = new Map(vectors.map((name) => [name, new Float64Array(points)]));
    for (const [name, array] of this.vectors) {
      if (this.valueInputs.has(name)) this.value.bind(name, array);
      if (this.slopeInputs.has(name)) this.slope?.bind(name, array);
    }
  }

  /** The array that a vector input is read from: write into it. */
  vector(name: string): Float64Array {
    const array = this.vectors.get(name);
    if (array === undefined) throw new Error(`internal: ${name} is no vector input`);
    return array;
  }

  /** Set every scalar input of the program; names that it does not read are ignored. */
  setScalars(values: Readonly<Record<string, number>>): void {
    for (const name of this.scalarNames) {
      const value = values[name];
      if (value === undefined) throw new Error(`internal: no value for ${name}`);
      this.value.input(name)[0] = value;
      if (this.slopeInputs.has(name)) this.slope!.input(name)[0] = value;
    }
  }

  values(): void {
    this.value.run();
  }

  linearise(): void {
    this.slope?.run();
  }

  output(name: string): Float64Array {
    return this.value.output(name);
  }

  /** Whether the program depends on an input of `wrt`. */
  has(name: string): boolean {
    return this.wrt.has(name);
  }

  /** d output / d input per point, after `linearise`. */
  partial(output: string, wrt: string): Float64Array {
    if (this.slope === null) throw new Error('internal: no partials were asked for');
    return this.slope.output(`partial:${output}:${wrt}`);
  }
}
