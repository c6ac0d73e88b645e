/** `--calibration`: intervals of each data set, widened by what a run on drawn truths has shown. */
export const calibrationOption = {
  type: 'string',
  requiresArg: true,
  describe: 'directory of a run on drawn truths: its calibration is applied to the intervals (docs/calibration.md)',
} as const;
