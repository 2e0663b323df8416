import { z } from 'zod'
import { isLoopback, isWildcard, parseListenAddress, renderListenAddress } from '../../listen-address.js'
import type { FlotillaSpec, GatewaySpec } from '../../model/spec.js'
import { field } from '../field-docs.js'
import { durationField } from '../units.js'
import { imageReference } from './image.js'
import { gatewayResourcesSection } from './resources.js'

/** Below it a port is the system's, and an engine without root can't open it. */
const portMin = 1_024
/** `127.0.0.1:6379`, `[::1]:6379`; what else is wrong with one is found when it is read. */
const addressShape = /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-fA-F:.]+\]):[1-9]\d{3,4}$/

function address(describe: string, example: string) {
  return field(
    z
      .union([z.int().min(portMin).max(65_535), z.string().max(64).regex(addressShape)])
      .transform((written, context) => {
        const found = parseListenAddress(String(written))
        if (found === null) context.addIssue({ code: 'custom' })
        return found ?? { host: '', port: portMin }
      })
      .refine(({ port }) => port >= portMin),
    {
      describe: `${describe}, as address:port; a port alone is one on 127.0.0.1. Ports from ${portMin}.`,
      wants: `an IP address of this host and a port from ${portMin} to 65535, such as ${example}`,
      example,
      repair: written => {
        if (typeof written !== 'string') return null
        const found = parseListenAddress(written.replace(/^localhost:/, '127.0.0.1:'))
        return found !== null && found.port >= portMin ? renderListenAddress(found) : null
      },
    },
  )
}

const fallbacks = ['master', 'refuse'] as const
const defaultAddress = '127.0.0.1:6379'

export const gatewaySection = field(
  z
    .strictObject({
      master: address(
        'Where clients connect to, and reach the master whoever that is',
        defaultAddress,
      ).prefault(defaultAddress),
      replicas: address('Where readers connect to, and reach a replica in sync', '127.0.0.1:6380').optional(),
      image: field(z.string().max(512).regex(imageReference), {
        describe: 'Image of the gateway: HAProxy 2.6 or newer.',
        wants: 'an image reference such as haproxy:3.2',
        example: 'haproxy:3.2',
      }).prefault('haproxy:3.2'),
      replicasFallback: field(z.enum(fallbacks), {
        describe:
          'Where readers are led while no replica is in sync. master: to the master. refuse: nowhere, their connections are refused.',
        wants: 'master or refuse',
        example: 'master',
        choices: fallbacks,
      }).prefault('master'),
      maxLag: durationField(
        { minMs: 1_000, maxMs: 600_000 },
        {
          describe: 'A replica that its master heard of longer ago than this takes no readers.',
          wants: 'a duration from 1s to 10m, such as 10s',
          example: '10s',
        },
      ).prefault('10s'),
      resources: gatewayResourcesSection.prefault({}),
    })
    .transform(({ replicas, maxLag, ...rest }): GatewaySpec => ({
      ...rest,
      replicas: replicas ?? null,
      maxLagSeconds: Math.ceil(maxLag / 1_000),
    })),
  {
    describe:
      'One address for every client: a container of HAProxy that leads to the master whoever that is, on ports of this host and as <name>-gateway in Docker. Left out: none.',
    wants: 'a mapping',
    example: '{ master: 127.0.0.1:6379 }',
  },
)

/** What is right by itself and can't be beside the rest. */
export function gatewayConflicts({ auth, gateway }: Pick<FlotillaSpec, 'auth' | 'gateway'>): {
  readonly path: readonly string[]
  readonly message: string
}[] {
  if (gateway === null) return []
  const { master, replicas } = gateway
  const open = (['master', 'replicas'] as const).filter(
    port => gateway[port] !== null && !isLoopback(gateway[port].host),
  )
  return [
    ...open
      .filter(() => auth.kind === 'none')
      .map(port => ({
        path: ['gateway', port],
        message:
          'can be reached from other machines, and with auth: none whoever gets there may read and change all data; write auth: generated, or an address on loopback such as 127.0.0.1:6379',
      })),
    ...(replicas !== null && replicas.port === master.port && overlaps(replicas.host, master.host)
      ? [
          {
            path: ['gateway', 'replicas'],
            message: `is the port of master already; write replicas: ${renderListenAddress({ ...replicas, port: Math.min(65_535, replicas.port + 1) })}`,
          },
        ]
      : []),
  ]
}

function overlaps(one: string, other: string): boolean {
  return one === other || isWildcard(one) || isWildcard(other)
}
