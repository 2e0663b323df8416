import { z } from 'zod'
import type { FlotillaStatus, NodeStatus } from '../../model/status.js'
import type { ControlApi } from '../control-api.js'
import { json, route, type RouteResponse, type Route } from '../route.js'
import { bytes } from '../../manifest/units.js'
import { flotillaParams } from '../schemas.js'
import { snapshotOf } from '../lookup.js'

/**
 * For load balancers, in Patroni's manner: 200 while a node has the role, 503 while it has not. The body is
 * for people. A balancer asks per node (`/flotillas/shop/nodes/1/master`); without a node the question is
 * whether any has it. While the engine does not answer, what was last seen stands: the containers run on. A
 * daemon that has just been started and has not looked yet says 404, not 503: it knows of nobody that has
 * lost a role, and a balancer is not to cut connections for that.
 */
export function roleRoutes(api: ControlApi): readonly Route[] {
  return [
    ...forRole('master', isMaster),
    ...forRole('replica', isReplica),
    ...forRole('read-only', isReadable),
  ]

  function forRole(
    role: string,
    has: (node: NodeStatus, lagBytesMax: number | undefined) => boolean,
  ): readonly Route[] {
    const responses = {
      200: { description: `The node (any node) that is ${role}.`, schema: roleSchema },
      503: { description: 'It is not (none is).', schema: roleSchema },
    }
    const respond = (
      status: FlotillaStatus,
      nodes: readonly NodeStatus[],
      lagBytesMax: number | undefined,
    ): RouteResponse => {
      const matching = nodes.filter(node => has(node, lagBytesMax))
      return json(
        {
          flotilla: status.name,
          role,
          nodes: matching.map(({ ordinal, alias, name, address, lagBytes }) => ({
            ordinal,
            alias,
            name,
            address,
            lagBytes,
          })),
        },
        matching.length > 0 ? 200 : 503,
      )
    }
    return [
      route({
        method: 'GET',
        path: `/flotillas/{flotilla}/${role}`,
        summary: `Whether the flotilla has a ${role}, and which`,
        access: 'public',
        params: flotillaParams,
        query: lagQuery,
        responses,
        handle: ({ params, query }) => {
          const { status } = snapshotOf(api, params.flotilla, 404)
          return respond(status, status.nodes, query.lag)
        },
      }),
      route({
        method: 'GET',
        path: `/flotillas/{flotilla}/nodes/{node}/${role}`,
        summary: `Whether this node is ${role}: 200 or 503`,
        access: 'public',
        params: nodeParams,
        query: lagQuery,
        responses,
        handle: ({ params, query }) => {
          const { status } = snapshotOf(api, params.flotilla, 404)
          return respond(
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

const roleSchema = z.object({
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

/**
 * One that is busy with a script is master as before: its clients would wait for the same reply without a
 * balancer.
 */
function isMaster({ role, health }: NodeStatus): boolean {
  return role === 'master' && (health === 'online' || health === 'busy')
}

function isReplica({ role, health, lagBytes }: NodeStatus, lagBytesMax: number | undefined): boolean {
  if (role !== 'replica' || health !== 'online') return false
  return lagBytesMax === undefined || (lagBytes !== null && lagBytes <= lagBytesMax)
}

function isReadable(node: NodeStatus, lagBytesMax: number | undefined): boolean {
  return isMaster(node) || isReplica(node, lagBytesMax)
}
