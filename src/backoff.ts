/**
 * Exponential backoff with jitter: failures of many keys at once (an engine that is down) must not come back
 * in step.
 */
export function backoffMs(
  failures: number,
  random: () => number,
  limits: { readonly firstMs: number; readonly maxMs: number },
): number {
  const ceiling = Math.min(limits.maxMs, limits.firstMs * 2 ** Math.min(failures - 1, 20))
  // Half fixed, half random: never at once, never all together.
  return Math.round(ceiling / 2 + (ceiling / 2) * random())
}
