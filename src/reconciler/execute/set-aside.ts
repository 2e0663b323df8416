import { FlotillaError } from '../../errors.js'
import type { KeepingSpec } from '../../manifest/spec.js'
import { flotillaLabel } from '../../runtime/labels.js'
import type { Runtime } from '../../runtime/runtime.js'
import { desiredContainer, flotillaLabels, type NodeSetting } from '../desired-node.js'
import { keepingOnDisk } from '../keeping.js'
import { nodeAlias } from '../names.js'

/** Moving is a rename; copying, where links can't be made, may take a while. */
const deadlineMs = 120_000

/** How many folders of data set aside a volume keeps, the newest. */
const keptFolders = 3

/**
 * After this a folder goes as well, at the next setting aside or by `flotilla gc`; the newest stays however old it is. A week is long enough for somebody who
 * was away to look whether a failover has lost a write that matters.
 */
export const setAsideRetentionMs = 7 * 24 * 3_600_000

/**
 * Puts what a stopped node's volume holds into `/data/set-aside/<folder>`, where the next synchronisation does not overwrite it. A container of the same
 * image on the same volume does it, because the node's own must not run meanwhile. Doing it again moves what is there then.
 * @throws FlotillaError runtime/… : the node must not be started then.
 */
export async function setDataAside(
  {
    runtime,
    setting,
    signal,
    keepsOf,
    nowMs,
    sleep,
  }: {
    readonly runtime: Runtime
    readonly setting: NodeSetting
    readonly signal: AbortSignal
    readonly keepsOf: (ordinal: number) => KeepingSpec | null
    readonly nowMs: () => number
    readonly sleep: (ms: number) => Promise<void>
  },
  { ordinal, volume, folder }: { readonly ordinal: number; readonly volume: string; readonly folder: string },
): Promise<void> {
  const name = `${nodeAlias(setting.spec.name, ordinal)}-set-aside`
  const command = ['sh', '-c', script(folder, keepingOnDisk(setting.spec, keepsOf(ordinal)).mode)]
  const spec = {
    ...desiredContainer(setting, ordinal, { name, volume }),
    command,
    labels: flotillaLabels(setting),
    publishPort: null,
  }
  // One of an earlier try that was cut short. A stranger's is left alone, and the creation says whose name it is.
  const earlier = await runtime.inspectContainer(name, { signal })
  if (earlier !== null && earlier.labels[flotillaLabel] === setting.spec.name)
    await runtime.removeContainer(earlier.containerId, { signal })
  const containerId = await runtime.createContainer(spec, [], { signal })
  try {
    let facts = await runtime.startContainer(containerId, { signal })
    const endMs = nowMs() + deadlineMs
    while (facts.state === 'running' && nowMs() < endMs) {
      await sleep(20)
      facts = (await runtime.inspectContainer(containerId, { signal })) ?? facts
    }
    if (facts.exit?.code === 0) return
    const lines = await runtime.readLogs(containerId, { tailLines: 5 }, { signal })
    throw new FlotillaError(
      'runtime/failed',
      `what node ${ordinal} held could not be set aside, so it is not started: ${lines.join(' ') || `exit code ${facts.exit?.code ?? 'unknown'}`}`,
    )
  } finally {
    await runtime.removeContainer(containerId, { signal })
  }
}

/**
 * An append-only file is moved: its node synchronises from nothing anyway. A snapshot is linked, because it saves its node a full synchronisation, and
 * Redis replaces it by a rename, which leaves the link as it is.
 */
function script(folder: string, mode: KeepingSpec['mode']): string {
  const keep = mode === 'rdb' ? 'cp -al' : 'mv'
  return [
    'set -e',
    `place=/data/set-aside/${folder}`,
    // One of an earlier try, or of another time in the same epoch, is never written over.
    'count=1; while [ -e "$place" ]; do count=$((count + 1)); place=/data/set-aside/' +
      folder +
      '.$count; done',
    'mkdir -p "$place"',
    `for item in appendonlydir appendonly.aof dump.rdb; do if [ -e /data/$item ]; then ${keep} /data/$item "$place"/; fi; done`,
    // Nothing was there to be kept.
    'rmdir "$place" 2>/dev/null || true',
    `cd /data/set-aside`,
    `ls -1t | tail -n +${keptFolders + 1} | while read -r old; do rm -rf "./$old"; done`,
    // An image whose `date` can't tell the age of a file keeps what it has.
    'now=$(date +%s 2>/dev/null) || now=0',
    `ls -1t | tail -n +2 | while read -r old; do at=$(date -r "./$old" +%s 2>/dev/null) || continue; if [ $((now - at)) -gt ${setAsideRetentionMs / 1_000} ]; then rm -rf "./$old"; fi; done`,
  ].join('; ')
}
