/** The words of a WGSL source, read from the first to the last. */

const TOKEN =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|\s+|0x[0-9a-fA-F]+u?|(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?[fu]?|[A-Za-z_]\w*|&&|\|\||<<|>>|[-+*/%&|^]=|[=!<>]=|\+\+|--|->|./g;

export class Tokens {
  protected readonly tokens: readonly string[];
  protected at = 0;

  constructor(source: string) {
    this.tokens = (source.match(TOKEN) ?? []).filter((token) => !/^(\s|\/\*|\/\/)/.test(token));
  }

  protected peek(ahead = 0): string {
    return this.tokens[this.at + ahead] ?? '';
  }

  protected next(): string {
    return this.tokens[this.at++] ?? '';
  }

  protected take(token: string): boolean {
    if (this.peek() !== token) return false;
    this.at += 1;
    return true;
  }

  protected expect(token: string): void {
    if (!this.take(token)) throw this.error(`"${token}"`);
  }

  protected skipTo(token: string): void {
    while (!this.take(token)) this.at += 1;
  }

  protected error(wanted: string): Error {
    return new Error(`this WGSL is unknown here: ${wanted} expected at "${this.tokens.slice(this.at, this.at + 12).join(' ')}"`);
  }

  /** Past the next block in braces. */
  protected balanced(): void {
    let depth = 0;
    do {
      const token = this.next();
      if (token === '{') depth += 1;
      if (token === '}') depth -= 1;
    } while (depth > 0);
  }
}
