import { spawnSync } from 'node:child_process'

/**
 * Prometheus's own judge of metrics and rules; null where it is not installed, and then `why` says how to
 * get it.
 */
export function findPromtool(): { readonly run: typeof runPromtool } | { readonly reason: string } {
  return spawnSync('promtool', ['--version']).error === undefined
    ? { run: runPromtool }
    : { reason: 'promtool is not installed; type: apt-get install --no-install-recommends prometheus' }
}

function runPromtool(
  args: readonly string[],
  input = '',
): { readonly passed: boolean; readonly said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8', timeout: 60_000 })
  return { passed: status === 0, said: `${stdout}${stderr}`.trim() }
}
