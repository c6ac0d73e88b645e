/**
 * What arithmetic in JavaScript depends on: exp, tanh and their like are V8's own and may change with it, and so may what its compiler
 * fuses from one kind of processor to another. Two hosts that answer alike compute the same bits.
 */
export function hostArithmetic(): string {
  const [major, minor] = process.versions.v8.split('.');
  return `${process.arch}, V8 ${major}.${minor}`;
}
