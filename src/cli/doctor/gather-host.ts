import { readFile, statfs } from 'node:fs/promises'
import { isRemote } from '../../redis/reach.js'
import { readNodeLabels } from '../../runtime/labels.js'
import type { Runtime } from '../../runtime/runtime.js'
import type { Disk, DoctorFacts, HostFacts, Known } from './facts.js'
import { attempt, unknown } from './attempt.js'

/** Of the host of the containers, as far as it is this one. */
export async function gatherHostFacts(
  runtime: Runtime | null,
  engine: DoctorFacts['engine'],
): Promise<HostFacts> {
  if (runtime === null || engine.kind === 'silent') return allUnknown('the engine does not answer')
  const somaxconn = await attempt(() => askNodeForSomaxconn(runtime))
  const elsewhere = whyElsewhere(engine)
  if (elsewhere !== null) return { ...allUnknown(elsewhere), somaxconn: flat(somaxconn) }
  const { dataRoot } = engine.facts
  const [overcommit, hugePages] = await Promise.all([
    attempt(async () => (await readFile('/proc/sys/vm/overcommit_memory', 'utf8')).trim()),
    attempt(async () =>
      wordInBrackets(await readFile('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8')),
    ),
  ])
  return {
    overcommit,
    hugePages,
    somaxconn: flat(somaxconn),
    engineDisk:
      dataRoot === null || engine.insideContainer
        ? unknown(
            dataRoot === null
              ? 'the engine does not say where it keeps its data'
              : `Flotilla runs in a container; on the host: df -h ${dataRoot}`,
          )
        : await readDisk(dataRoot),
  }
}

export function readDisk(path: string): Promise<Known<Disk>> {
  return attempt(async () => {
    const { bavail, blocks, bsize } = await statfs(path)
    return { path, freeBytes: bavail * bsize, totalBytes: blocks * bsize }
  })
}

/** Why the engine's host is not the one that this process runs on; null when it is. */
function whyElsewhere({
  facts,
}: Extract<DoctorFacts['engine'], { readonly kind: 'answers' }>): string | null {
  if (isRemote(facts.endpoint)) return `the engine at ${facts.endpoint} is on another machine`
  if (facts.desktop || process.platform !== 'linux') return 'the engine runs in a virtual machine'
  return null
}

/** Each network namespace has a value of its own, so a node is asked, not the host. */
async function askNodeForSomaxconn(runtime: Runtime): Promise<Known<number>> {
  const nodes = (await runtime.listContainers()).filter(
    ({ labels, state }) => readNodeLabels(labels) !== null && state === 'running',
  )
  const [node] = nodes
  if (node === undefined) return unknown('no node runs')
  const { stdout } = await runtime.execInContainer(node.containerId, ['cat', '/proc/sys/net/core/somaxconn'])
  return /^\d+\s*$/.test(stdout)
    ? { kind: 'known', value: Number(stdout) }
    : unknown(`${node.name} has no means to tell`)
}

/** `always [madvise] never` */
function wordInBrackets(text: string): string {
  return /\[(\w+)\]/.exec(text)?.[1] ?? text.trim()
}

function flat<Value>(fact: Known<Known<Value>>): Known<Value> {
  return fact.kind === 'known' ? fact.value : fact
}

function allUnknown(reason: string): HostFacts {
  const not = unknown(reason)
  return { overcommit: not, hugePages: not, somaxconn: not, engineDisk: not }
}
