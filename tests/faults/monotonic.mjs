/** ms of the machine's monotonic clock, which all its processes share. */
export const nowMs = () => Number(process.hrtime.bigint()) / 1e6;
