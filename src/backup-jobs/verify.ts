import { type BackupManifest, type BackupVerdict } from '../backup/backup.js'
import { openBackup, writeVerdict } from '../backup/catalog.js'
import { sampleThatLives, whyNotTheSame } from '../backup/compare.js'
import type { BackupKey } from '../backup/encryption.js'
import { digestScript, keepUnchanged, parseSample, type SampledKey } from '../backup/sample.js'
import type { BackupStore } from '../backup/store.js'
import { systemClock } from '../clock.js'
import { FlotillaError } from '../errors.js'
import type { FlotillaSpec } from '../model/spec.js'
import { emptyConfig, fileOptions } from '../reconciler/desired/accepted-config.js'
import type { NodeTemplate } from '../reconciler/desired/desired-node.js'
import {
  withProbeServer,
  type LoadProgress,
  type ProbeServer,
} from '../reconciler/execute/probe-container.js'
import { requireImage } from '../reconciler/execute/server-user.js'
import { readKeyCounts } from '../redis/probe-replies.js'
import { flotillaLabel, restoredLabel } from '../runtime/labels.js'
import type { Runtime } from '../runtime/runtime.js'
import { flotillaVersion } from '../version.js'
import type { Session } from '../session/session.js'

export interface VerifyTools {
  readonly session: Pick<Session, 'runtime' | 'redis' | 'reach' | 'store'>
  readonly store: BackupStore
  readonly key: BackupKey | null
  readonly signal: AbortSignal
  readonly onProgress: (progress: LoadProgress) => void
}

/**
 * Starts a server of the flotilla's own image on the backup as the store gives it, compares it with what its
 * source had, and writes down what came of it. The server is reached by nobody else, and gone at the end.
 * @throws FlotillaError where it could not be tried; a verdict with a problem is none.
 */
export async function verifyBackup(
  tools: VerifyTools,
  spec: FlotillaSpec,
  manifest: BackupManifest,
): Promise<BackupVerdict> {
  const { store, session, signal } = tools
  const startedMs = systemClock.monotonicMs()
  const sample = await sampleOf(manifest, tools.key)
  const facts = await requireImage({ runtime: session.runtime, signal }, spec.image)
  const template = await templateOf(session, spec)
  const verdict = await withProbeServer(
    {
      ...{ runtime: session.runtime, redis: session.redis, reach: session.reach.mode, template, signal },
      nowMs: () => systemClock.nowMs(),
      sleep: ms => systemClock.sleep(ms),
    },
    {
      ...{ image: spec.image, facts, options: optionsFor(template) },
      data: openBackup(store, manifest, { key: tools.key, call: { signal } }),
      as: restoredServer(spec.name),
      onProgress: tools.onProgress,
    },
    server => judge(server, { manifest, sample }),
  ).catch((error: unknown) => {
    // Not what was stored: that is an answer too.
    if (error instanceof FlotillaError && error.code === 'backup/damaged')
      return { ...unknownServer, keys: {}, compared: 0, problem: error.message }
    throw error
  })
  const tookMs = Math.round(systemClock.monotonicMs() - startedMs)
  const verifiedAt = new Date(systemClock.nowMs()).toISOString()
  const whole = { version: 1 as const, name: manifest.name, verifiedAt, tookMs, ...verdict }
  await writeVerdict(store, spec.name, whole, { signal })
  return whole
}

const unknownServer = { product: 'redis', serverVersion: 'unknown' } as const

/** Told from the probes of the flotilla's own passes, which remove one another. */
export function restoredServer(flotilla: string) {
  return { name: `${flotilla}-restored`, labels: { [restoredLabel]: '1' } }
}

/** Those that a Flotilla that died has left, for whoever knows that none is at work. @returns how many. */
export async function removeRestoredServers(runtime: Runtime, flotilla: string): Promise<number> {
  const left = (await runtime.listContainers()).filter(
    ({ labels }) => labels[flotillaLabel] === flotilla && labels[restoredLabel] !== undefined,
  )
  for (const { containerId } of left) await runtime.removeContainer(containerId)
  return left.length
}

async function templateOf(
  { reach, store }: VerifyTools['session'],
  spec: FlotillaSpec,
): Promise<NodeTemplate> {
  const config = (await store.peekMemory(spec.name))?.config ?? emptyConfig
  return { spec, config, publish: reach.mode === 'published', flotillaVersion }
}

/** A server that has less room than its data would remove some of it as soon as it is asked something. */
function optionsFor({ spec, config }: NodeTemplate): ReturnType<typeof fileOptions> {
  const { maxmemory: _bound, 'maxmemory-policy': _policy, ...options } = fileOptions(spec, config)
  return { ...options, maxmemory: ['0'], 'maxmemory-policy': ['noeviction'] }
}

type Judged = Pick<BackupVerdict, 'keys' | 'compared' | 'product' | 'serverVersion' | 'problem'>

async function judge(
  server: ProbeServer,
  { manifest, sample }: { readonly manifest: BackupManifest; readonly sample: readonly SampledKey[] },
): Promise<Judged> {
  if (server.kind === 'down')
    return { ...unknownServer, keys: {}, compared: 0, problem: `no server starts on it: ${server.reason}` }
  const { keys, expired } = readKeyCounts(await server.ask('INFO'))
  const nowMs = systemClock.nowMs()
  const alive = sampleThatLives({ sample, nowMs })
  const unchanged = await keepUnchanged(
    async (script, args) => linesOf(await server.evaluate(withArguments(script, args))),
    alive,
  )
  const copy = { keys, expired, unchanged }
  const problem = whyNotTheSame(manifest, copy, { sample, nowMs })
  const { product, version } = server.identity
  return { keys, compared: alive.length, product, serverVersion: version, problem }
}

/** Hexadecimal and digits alone: nothing in them ends a string of Lua. */
function withArguments(script: string, args: readonly string[]): string {
  if (script !== digestScript || args.some(arg => !/^[0-9a-f]*$/.test(arg)))
    throw new Error('only digests are asked for, of keys in hexadecimal')
  return `local ARGV = { ${args.map(arg => `'${arg}'`).join(', ')} }\n${script}`
}

function linesOf(text: string): readonly string[] {
  return text.replace(/\r?\n$/, '').split(/\r?\n/)
}

async function sampleOf(
  { sample, file }: BackupManifest,
  key: BackupKey | null,
): Promise<readonly SampledKey[]> {
  if (sample === null) return []
  if (file.encryption === 'none') return parseSample(sample) ?? []
  if (key === null) return []
  const { openText } = await import('../backup/encryption.js')
  return parseSample(await openText(sample, key)) ?? []
}
