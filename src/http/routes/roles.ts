import { z } from 'zod'
import type { FlotillaStatus, NodeStatus } from '../../reconciler/status/status.js'
import type { Desk } from '../desk.js'
import { json, route, type Answer, type Route } from '../route.js'
import { bytes } from '../../manifest/units.js'
import { flotillaParams } from '../schemas.js'
import { sightOf } from '../sights.js'

/**
 * For load balancers, in Patroni's manner: 200 while a node has the role, 503 while it has not. The body is for people.
 * A balancer asks per node (`/flotillas/shop/nodes/1/master`); without a node the question is whether any has it.
 * While the engine does not answer, what was last seen stands: the containers run on. A daemon that has just been started and has not looked yet says 404, not 503:
 * it knows of nobody that has lost a role, and a balancer is not to cut connections for that.
 */
export function roleRoutes(desk: Desk): readonly Route[] {
  return [
    ...forRole('master', isMaster),
    ...forRole('replica', isReplica),
    ...forRole('read-only', mayBeRead),
  ]

  function forRole(
    role: string,
    has: (node: NodeStatus, lagBytesMost: number | undefined) => boolean,
  ): readonly Route[] {
    const answers = {
      200: { describe: `The node (any node) that is ${role}.`, schema: roleShape },
      503: { describe: 'It is not (none is).', schema: roleShape },
    }
    const tell = (
      status: FlotillaStatus,
      nodes: readonly NodeStatus[],
      lagBytesMost: number | undefined,
    ): Answer => {
      const fitting = nodes.filter(node => has(node, lagBytesMost))
      return json(
        {
          flotilla: status.name,
          role,
          nodes: fitting.map(({ ordinal, alias, name, address, lagBytes }) => ({
            ordinal,
            alias,
            name,
            address,
            lagBytes,
          })),
        },
        fitting.length > 0 ? 200 : 503,
      )
    }
    return [
      route({
        method: 'GET',
        path: `/flotillas/{flotilla}/${role}`,
        summary: `Whether the flotilla has a ${role}, and which`,
        for: 'anybody',
        params: flotillaParams,
        query: lagQuery,
        answers,
        handle: ({ params, query }) => {
          const { status } = sightOf(desk, params.flotilla, 404)
          return tell(status, status.nodes, query.lag)
        },
      }),
      route({
        method: 'GET',
        path: `/flotillas/{flotilla}/nodes/{node}/${role}`,
        summary: `Whether this node is ${role}: 200 or 503`,
        for: 'anybody',
        params: nodeParams,
        query: lagQuery,
        answers,
        handle: ({ params, query }) => {
          const { status } = sightOf(desk, params.flotilla, 404)
          return tell(
            status,
            status.nodes.filter(node => params.node === node.alias || params.node === String(node.ordinal)),
            query.lag,
          )
        },
      }),
    ]
  }
}

const nodeParams = flotillaParams.extend({
  node: z.string().max(63).meta({ description: "The node's ordinal or its alias: `1`, `shop-1`." }),
})

const lagQuery = z.object({
  lag: bytes()
    .optional()
    .meta({ description: 'The most that a replica may be behind its master: bytes, or with kb, mb, gb.' }),
})

const roleShape = z.object({
  flotilla: z.string(),
  role: z.string(),
  nodes: z.array(
    z.object({
      ordinal: z.int(),
      alias: z.string(),
      name: z.string(),
      address: z.string().nullable(),
      lagBytes: z.number().nullable(),
    }),
  ),
})

/** One that is busy with a script is master as before: its clients would wait for the same reply without a balancer. */
function isMaster({ role, health }: NodeStatus): boolean {
  return role === 'master' && (health === 'online' || health === 'busy')
}

function isReplica({ role, health, lagBytes }: NodeStatus, lagBytesMost: number | undefined): boolean {
  if (role !== 'replica' || health !== 'online') return false
  return lagBytesMost === undefined || (lagBytes !== null && lagBytes <= lagBytesMost)
}

function mayBeRead(node: NodeStatus, lagBytesMost: number | undefined): boolean {
  return isMaster(node) || isReplica(node, lagBytesMost)
}
