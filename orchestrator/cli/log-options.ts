/** `--log-level` of `run` and `worker`, `--log` of `worker`. */
export const logLevelOption = {
  type: 'string',
  choices: ['debug', 'info', 'warn', 'error', 'silent'],
  requiresArg: true,
  default: 'info',
  describe: 'from which level on the log says something; debug tells every outcome',
} as const;

export const logFormatOption = {
  type: 'string',
  choices: ['text', 'json'],
  requiresArg: true,
  default: 'text',
  describe: 'lines for people, or one JSON object a line, on stderr',
} as const;
