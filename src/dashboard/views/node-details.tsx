import type { ComponentChildren, JSX } from 'preact'
import { healthSeverity } from '../model/severity.js'
import type { FlotillaNode } from '../model/api-types.js'
import { ago, bytes, formatAge, lag, number } from '../model/format.js'
import { SeverityIcon } from './icons.js'

/** All that is known of one node. */
export function NodeDetails({
  node,
  nowMs,
}: {
  readonly node: FlotillaNode
  readonly nowMs: number
}): JSX.Element {
  const { facts, crashes, lastExit } = node
  const severity = healthSeverity(node.health)
  return (
    <div class="details">
      <p class="details-state">
        <span class={`pill tone-${severity}`}>
          <SeverityIcon severity={severity} />
          {node.health}
        </span>
        <span>{node.role}</span>
        {facts !== null && (
          <span>
            {facts.flavour} {facts.version}
          </span>
        )}
      </p>
      <dl class="pairs">
        <DataPairs node={node} />
        <Pair name="Keys">{number(facts?.keys ?? null)}</Pair>
        <Pair name="Clients">{number(node.connections)}</Pair>
        <Pair name="Operations">
          {node.opsPerSecond === null ? '–' : `${number(node.opsPerSecond)} a second`}
        </Pair>
        <Pair name="Persistence">
          {facts === null
            ? '–'
            : `${facts.aofEnabled ? 'append-only file' : 'no append-only file'}, last write ${facts.lastSaveOk ? 'succeeded' : 'FAILED'}`}
        </Pair>
        <Pair name="Running for">{ago(node.startedAt, nowMs)}</Pair>
        <Pair name="Crashes">
          {crashes.count === 0 ? 'none' : `${crashes.count}, the last ${ago(crashes.lastAt, nowMs)} ago`}
        </Pair>
        {lastExit !== null && (
          <Pair name="Last exit">
            code {lastExit.code}
            {lastExit.oomKilled ? ', out of memory' : ''}, {ago(lastExit.at, nowMs)} ago
          </Pair>
        )}
        <Pair name="Container">
          <code>{node.name}</code>{' '}
          {node.containerId === null ? '' : <code class="faint">{node.containerId.slice(0, 12)}</code>}
        </Pair>
        <Pair name="Address">
          <code>{node.address ?? '–'}</code>
        </Pair>
        <Pair name="Image">
          <code>{node.image}</code>
        </Pair>
        <Pair name="Lineage">
          <code>{node.replid?.slice(0, 16) ?? '–'}</code>
        </Pair>
      </dl>
    </div>
  )
}

/** Its link, how far it has come, and what it holds. */
function DataPairs({ node }: { readonly node: FlotillaNode }): JSX.Element {
  const { facts, memory } = node
  return (
    <>
      {node.role === 'replica' && (
        <Pair name="Link">
          {node.link ?? '–'}, {lag(node)}
          {node.lastIoSeconds === null ? '' : `, heard ${formatAge(node.lastIoSeconds * 1_000)} ago`}
        </Pair>
      )}
      <Pair name="Offset">{number(node.offset)}</Pair>
      <Pair name="Memory">
        {bytes(memory?.usedBytes ?? null)}
        {memory !== null && memory.maxBytes > 0 ? ` of ${bytes(memory.maxBytes)}` : ''}
        {facts === null ? '' : `, ${bytes(facts.memoryRssBytes)} resident`}
      </Pair>
    </>
  )
}

function Pair({
  name,
  children,
}: {
  readonly name: string
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
