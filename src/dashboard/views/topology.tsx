import type { JSX } from 'preact'
import { layoutTopology, type Box, type LinkLine } from '../model/layout.js'
import { isOnline, masterOf, healthSeverity } from '../model/severity.js'
import type { Flotilla, FlotillaNode } from '../model/api-types.js'
import { bytes, lag, number } from '../model/format.js'
import { plural } from '../../units.js'
import { Icon, SeverityIcon } from './icons.js'
import { useWidth } from './use-width.js'

interface Choice {
  readonly selected: number | null
  readonly onSelect: (ordinal: number) => void
}

/**
 * The picture of a flotilla: who is master, who follows, and how each link is. `small`: for the overview,
 * without anything to press.
 */
export function Topology({
  flotilla,
  size,
  choice,
}: {
  readonly flotilla: Flotilla
  readonly size: 'full' | 'small'
  readonly choice?: Choice
}): JSX.Element {
  const [place, width] = useWidth<HTMLDivElement>()
  if (size === 'small') return <SmallTopology flotilla={flotilla} />
  const { head, replicas } = groupByRole(flotilla)
  const layout = layoutTopology(
    width,
    replicas.map(({ ordinal }) => ordinal),
  )
  const nodeOf = new Map(replicas.map(node => [node.ordinal, node]))
  return (
    <div class="topology-room" ref={place}>
      {width > 0 && (
        <div
          class={`topology is-${layout.kind}`}
          role="group"
          aria-label={describe(flotilla)}
          style={{ height: `${layout.height}px` }}
        >
          <svg class="links" width={layout.width} height={layout.height} aria-hidden="true">
            {layout.links.map(line => {
              const node = nodeOf.get(line.ordinal)
              return node === undefined ? null : (
                <LinkPath key={line.ordinal} line={line} node={node} observedAt={flotilla.observedAt} />
              )
            })}
          </svg>
          {head === null ? (
            <div class="node is-absent" style={boxStyle(layout.master)}>
              <span class="title">No master</span>
              <span class="detail">nobody takes writes</span>
            </div>
          ) : (
            <NodeCard
              key={head.ordinal}
              node={head}
              box={layout.master}
              isHead
              isLabelled={false}
              {...choiceOf(choice)}
            />
          )}
          {layout.replicas.map(box => {
            const node = nodeOf.get(box.ordinal)
            return node === undefined ? null : (
              <NodeCard
                key={box.ordinal}
                node={node}
                box={box}
                isHead={false}
                isLabelled={layout.kind === 'fan'}
                {...choiceOf(choice)}
              />
            )
          })}
          {layout.links.map(line => (
            <LinkLabel key={`label-${line.ordinal}`} line={line} node={nodeOf.get(line.ordinal)} />
          ))}
        </div>
      )}
    </div>
  )
}

function LinkLabel({
  line: { label },
  node,
}: {
  readonly line: LinkLine
  readonly node: FlotillaNode | undefined
}): JSX.Element | null {
  if (label === null || node === undefined) return null
  return (
    <span
      class={`link-label is-${linkState(node)}`}
      style={{ left: `${label.x}px`, top: `${label.y}px` }}
      aria-hidden="true"
    >
      {linkText(node)}
    </span>
  )
}

function choiceOf(choice: Choice | undefined): { readonly choice?: Choice } {
  return choice === undefined ? {} : { choice }
}

function NodeCard({
  node,
  box,
  isHead,
  isLabelled,
  choice,
}: {
  readonly node: FlotillaNode
  readonly box: Box
  readonly isHead: boolean
  /** The words about its link stand on the link. */
  readonly isLabelled: boolean
  readonly choice?: Choice
}): JSX.Element {
  const severity = healthSeverity(node.health)
  const isSelected = choice?.selected === node.ordinal
  return (
    <button
      type="button"
      class={`node is-${isHead ? 'master' : 'replica'} tone-${severity}`}
      style={boxStyle(box)}
      aria-pressed={isSelected}
      onClick={() => choice?.onSelect(node.ordinal)}
    >
      <span class="title">
        <i class={`swatch line-${node.ordinal % 8}`} />
        {node.alias}
        <span class="unseen">, {isHead ? 'master' : 'replica'}, </span>
      </span>
      <span class="state">
        <SeverityIcon severity={severity} />
        {node.health}
      </span>
      {isHead && (
        <span class="role" aria-hidden="true">
          <Icon name="pennant" />
          Master
        </span>
      )}
      {isLabelled && <span class="unseen">, link {linkText(node)}, </span>}
      <span class="detail">{isHead || isLabelled ? loadText(node) : linkText(node)}</span>
    </button>
  )
}

function LinkPath({
  line,
  node,
  observedAt,
}: {
  readonly line: LinkLine
  readonly node: FlotillaNode
  readonly observedAt: string
}): JSX.Element {
  const state = linkState(node)
  return (
    <g class={`link-line is-${state}`}>
      <path d={line.path} />
      {/* A new key with each look restarts the animation: a pulse says that there is news, and when
          nothing moves nothing is drawn. */}
      {state === 'up' && <path key={observedAt} class="pulse" d={line.path} pathLength={100} />}
    </g>
  )
}

/** A master, its replicas and their links, in the space of a thumbnail. */
function SmallTopology({ flotilla }: { readonly flotilla: Flotilla }): JSX.Element {
  const { head, replicas } = groupByRole(flotilla)
  const shown = replicas.slice(0, 24)
  const rows = Math.min(shown.length, 6)
  const columns = Math.ceil(shown.length / 6)
  const height = Math.max(3, rows) * 18 + 8
  const middle = height / 2
  const place = (index: number): { readonly x: number; readonly y: number } => ({
    x: 226 - (columns - 1 - Math.floor(index / 6)) * 26,
    y: middle + ((index % 6) - (Math.min(6, shown.length - Math.floor(index / 6) * 6) - 1) / 2) * 18,
  })
  return (
    <svg class="thumbnail" viewBox={`0 0 240 ${height}`} role="img" aria-label={describe(flotilla)}>
      {shown.map((node, index) => {
        const { x, y } = place(index)
        return (
          <g key={node.ordinal} class={`link-line is-${linkState(node)}`}>
            <path d={`M34 ${middle}C120 ${middle} 110 ${y} ${x - 7} ${y}`} />
          </g>
        )
      })}
      <circle
        cx="24"
        cy={middle}
        r="11"
        class={head === null ? 'vessel is-ghost' : `vessel is-head tone-${healthSeverity(head.health)}`}
      />
      {shown.map((node, index) => {
        const { x, y } = place(index)
        return (
          <circle
            key={node.ordinal}
            cx={x}
            cy={y}
            r="6.5"
            class={`vessel tone-${healthSeverity(node.health)}`}
          />
        )
      })}
    </svg>
  )
}

/** Whoever holds the master's place: the one that is active, or the one that should and can't. */
function groupByRole(flotilla: Flotilla): {
  readonly head: FlotillaNode | null
  readonly replicas: readonly FlotillaNode[]
} {
  const head = masterOf(flotilla) ?? flotilla.nodes.find(({ role }) => role === 'master') ?? null
  return { head, replicas: flotilla.nodes.filter(node => node !== head) }
}

type LinkState = 'up' | 'forming' | 'down' | 'none'

function linkState({ link, health }: FlotillaNode): LinkState {
  if (health === 'stopped' || health === 'absent' || health === 'unreachable') return 'none'
  if (link === 'up' && health === 'online') return 'up'
  if (health === 'syncing' || health === 'loading' || health === 'starting') return 'forming'
  return link === 'up' ? 'forming' : link === 'down' ? 'down' : 'none'
}

function loadText({ opsPerSecond, memory, lastExit }: FlotillaNode): string {
  if (opsPerSecond !== null) return `${number(opsPerSecond)} ops/s · ${bytes(memory?.usedBytes ?? null)}`
  return lastExit === null ? 'does not answer' : `ended with code ${lastExit.code}`
}

function linkText(node: FlotillaNode): string {
  switch (linkState(node)) {
    case 'up':
      return lag(node)
    case 'forming':
      return node.health === 'online' ? lag(node) : node.health
    case 'down':
      return 'link down'
    case 'none':
      return 'no link'
  }
}

function describe(flotilla: Flotilla): string {
  const { head, replicas } = groupByRole(flotilla)
  const up = replicas.filter(isOnline).length
  return `${flotilla.name}: ${head === null ? 'no master' : `${head.alias} is master, ${head.health}`}; ${up} of ${plural(replicas.length, 'replica')} online`
}

function boxStyle({ x, y, width, height }: Box): Record<string, string> {
  return { transform: `translate(${x}px, ${y}px)`, width: `${width}px`, height: `${height}px` }
}
