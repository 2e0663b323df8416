import { systemClock } from '../clock.js'
import { FlotillaError } from '../errors.js'
import { nodeAlias } from '../model/names.js'
import { readNodeLabels } from '../runtime/labels.js'
import type { Runtime } from '../runtime/runtime.js'
import { LogFollower, type LoggingNode } from './follow-logs.js'
import { interruptSignal } from './interrupt.js'
import { noSuchFlotilla } from '../session/manifests.js'
import type { Output } from './output.js'
import { createColors } from './colors.js'
import { parseSince } from '../units.js'
import { lineJson, mergeByTime, renderLine, type NodeLine } from './render-logs.js'
import { openRuntime, type Environment } from '../session/session.js'
import type { ContainerFacts } from '../model/engine.js'

export interface LogsRequest {
  readonly env: Environment
  readonly name: string
  /** Null: of all nodes. */
  readonly ordinal: number | null
  readonly follow: boolean
  readonly since: string | null
  /** The last so many of each node; null: 100, or with `since` all. */
  readonly tailLines: number | null
  readonly format: 'text' | 'json'
}

const defaultTail = 100

/**
 * Prints what the nodes have logged, merged by time; with `follow` goes on until it is interrupted, whatever
 * becomes of the containers meanwhile.
 */
export async function showLogs(request: LogsRequest, output: Output): Promise<void> {
  const runtime = openRuntime(request.env)
  const signal = request.follow ? interruptSignal() : new AbortController().signal
  try {
    const startedMs = systemClock.nowMs()
    const nodes = await findNodes(runtime, request)
    const sinceMs = request.since === null ? null : parseSince(request.since, startedMs)
    const tailLines = request.tailLines ?? (sinceMs === null ? defaultTail : null)
    const print = printer(request, output, nodes)
    const lines = await Promise.all(
      nodes.map(node => readNode(runtime, node, { sinceMs, tailLines, follow: false }, signal)),
    )
    print(mergeByTime(lines.flat()))
    if (!request.follow) return
    const followed = new LogFollower({
      runtime,
      clock: systemClock,
      onLines: found => print(mergeByTime(found)),
      onNotice: notice => output.note(notice),
    })
    nodes.forEach((node, index) => followed.resumeAfter(node, lines[index]?.at(-1)?.at ?? null, startedMs))
    while (!signal.aborted) {
      followed.sync(await nodesNow(runtime, request).catch(() => null), signal)
      await systemClock.sleep(pollIntervalMs, signal)
      followed.flush()
    }
  } finally {
    runtime.close()
  }
}

/**
 * One list a look, about a millisecond of the engine's time; a new container's first lines are not lost, only
 * this late.
 */
const pollIntervalMs = 250

async function readNode(
  runtime: Runtime,
  { ordinal, alias, container }: LoggingNode,
  query: Parameters<Runtime['streamLogs']>[1],
  signal: AbortSignal,
): Promise<readonly NodeLine[]> {
  const lines: NodeLine[] = []
  await runtime.streamLogs(
    container.containerId,
    query,
    line => lines.push({ ...line, ordinal, alias }),
    signal,
  )
  return lines
}

async function nodesNow(
  runtime: Runtime,
  { name, ordinal }: Pick<LogsRequest, 'name' | 'ordinal'>,
): Promise<readonly LoggingNode[]> {
  return nodesAmong(await runtime.listContainers(), name).filter(
    node => ordinal === null || node.ordinal === ordinal,
  )
}

function nodesAmong(containers: readonly ContainerFacts[], name: string): readonly LoggingNode[] {
  return containers.flatMap(container => {
    const labels = readNodeLabels(container.labels)
    if (labels?.flotilla !== name) return []
    return [{ ordinal: labels.ordinal, alias: nodeAlias(name, labels.ordinal), container }]
  })
}

/** @throws FlotillaError usage/invalid when there is no such flotilla, or no such node of it. */
async function findNodes(runtime: Runtime, request: LogsRequest): Promise<readonly LoggingNode[]> {
  const containers = await runtime.listContainers()
  const { name, ordinal } = request
  const all = nodesAmong(containers, name)
  if (all.length === 0) {
    const known = containers.flatMap(({ labels }) => readNodeLabels(labels)?.flotilla ?? [])
    throw noSuchFlotilla(name, [...new Set(known)].sort(), 'this engine')
  }
  const wanted = all.filter(node => ordinal === null || node.ordinal === ordinal)
  if (wanted.length > 0) return wanted
  const ordinals = all.map(node => node.ordinal).sort((a, b) => a - b)
  throw new FlotillaError('usage/invalid', `${name} has no container of a node ${ordinal}`, {
    hint: `There is: ${ordinals.join(', ')}.`,
  })
}

function printer(
  { format }: LogsRequest,
  output: Output,
  nodes: readonly LoggingNode[],
): (lines: readonly NodeLine[]) => void {
  const colors = createColors(output.color)
  const aliasWidth = Math.max(...nodes.map(({ alias }) => alias.length))
  return lines => {
    const text = lines.map(line =>
      format === 'json' ? lineJson(line) : renderLine(line, { colors, aliasWidth }),
    )
    if (text.length > 0) output.result(text.join(''))
  }
}
