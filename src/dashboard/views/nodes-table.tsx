import type { JSX } from 'preact'
import { healthSeverity } from '../model/severity.js'
import type { FlotillaNode } from '../model/api-types.js'
import { ago, bytes, number } from '../model/format.js'
import { SeverityIcon } from './icons.js'

/** The picture as a table: every node in one line. */
export function NodesTable({
  nodes,
  nowMs,
  choice,
}: {
  readonly nodes: readonly FlotillaNode[]
  readonly nowMs: number
  readonly choice: { readonly selected: number | null; readonly onSelect: (ordinal: number) => void }
}): JSX.Element {
  return (
    <div class="scroller" role="region" aria-label="Nodes" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {heads.map(head => (
              <th key={head} scope="col" class={numeric.has(head) ? 'right' : ''}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {nodes.map(node => (
            <tr key={node.ordinal} class={node.ordinal === choice.selected ? 'is-selected' : ''}>
              <th scope="row">
                <button type="button" class="bare" onClick={() => choice.onSelect(node.ordinal)}>
                  <i class={`swatch line-${node.ordinal % 8}`} />
                  {node.alias}
                </button>
              </th>
              <td>{node.role}</td>
              <td>
                <span class={`state tone-${healthSeverity(node.health)}`}>
                  <SeverityIcon severity={healthSeverity(node.health)} />
                  {node.health}
                </span>
              </td>
              <td>{node.link ?? '–'}</td>
              <td class="right">{bytes(node.lagBytes)}</td>
              <td class="right">{node.lagSeconds === null ? '–' : `${node.lagSeconds}s`}</td>
              <td class="right">{number(node.offset)}</td>
              <td class="right">{number(node.opsPerSecond)}</td>
              <td class="right">{bytes(node.memory?.usedBytes ?? null)}</td>
              <td class="right">{number(node.facts?.keys ?? null)}</td>
              <td class="right">{number(node.connections)}</td>
              <td class="right">{ago(node.startedAt, nowMs)}</td>
              <td class="right">{node.crashes.count}</td>
              <td>
                <code>{node.address ?? '–'}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const heads = [
  'Node',
  'Role',
  'State',
  'Link',
  'Lag',
  'Acked',
  'Offset',
  'Ops/s',
  'Memory',
  'Keys',
  'Clients',
  'Up for',
  'Crashes',
  'Address',
] as const

const numeric: ReadonlySet<string> = new Set(heads.slice(4, 13))
