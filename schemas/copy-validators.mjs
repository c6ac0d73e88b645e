/** The compiler emits no copy of a JavaScript file that has its own declarations: put the validators beside the built code. */
import { cpSync } from 'node:fs';

cpSync(new URL('generated/validators.js', import.meta.url), new URL('../dist/schemas/generated/validators.js', import.meta.url));
