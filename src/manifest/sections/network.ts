import { z } from 'zod'
import type { NetworkingSpec } from '../../model/spec.js'
import { field } from '../field-docs.js'

/** Docker's own: on `bridge` names don't resolve, and the others are no networks to join. */
const unfitNetworks = ['bridge', 'default', 'host', 'none']

const subnet = field(
  z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/)
    .refine(text => networkOf(text) === text),
  {
    describe:
      "IPv4 subnet of the flotilla's own network, such as 172.28.5.0/24. Left out: the engine chooses a free one. It is chosen when the network is made, and stays.",
    wants: 'an IPv4 subnet from /8 to /29 without host bits, such as 172.28.5.0/24',
    example: '172.28.5.0/24',
    repair: value => (typeof value === 'string' ? networkOf(value) : null),
  },
)

const externalNetwork = field(
  z
    .string()
    .max(128)
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/)
    .refine(name => !unfitNetworks.includes(name), {
      error: issue =>
        `can't be ${String(issue.input)}: names do not resolve there; make one with docker network create`,
    }),
  {
    describe: 'Name of a bridge network that exists already.',
    wants: 'the name of a network, such as frontend',
    example: 'frontend',
  },
)

export const networkSection = field(
  z
    .strictObject({
      subnet: subnet.optional(),
      external: field(
        z.array(externalNetwork).refine(names => new Set(names).size === names.length, 'names one twice'),
        {
          describe:
            'Networks that exist already and that clients live on. Every node joins them, and has the same names there; joined and left without a restart, never removed.',
          wants: 'a list of network names',
          example: '[frontend]',
        },
      ).prefault([]),
    })
    .transform((network): NetworkingSpec => ({ subnet: network.subnet ?? null, external: network.external })),
  {
    describe: 'The network that the nodes have for themselves, and others that they join.',
    wants: 'a mapping',
    example: '{ external: [frontend] }',
  },
)

/** Addresses that nodes can have: all but the network's own, its broadcast and the gateway's. */
export function nodeAddressesIn(subnetText: string): number {
  const [, prefix = '32'] = subnetText.split('/')
  return 2 ** (32 - Number(prefix)) - 3
}

/**
 * The subnet that an address with a prefix lies in, as text; null when it is none that could hold a flotilla.
 */
function networkOf(text: string): string | null {
  const [address = '', prefixText = ''] = text.split('/')
  const parts = address.split('.').map(Number)
  const prefix = Number(prefixText)
  if (!/^\d{1,2}$/.test(prefixText) || prefix < 8 || prefix > 29) return null
  if (parts.length !== 4 || parts.some(part => !Number.isInteger(part) || part > 255)) return null
  const kept = parts.map((part, index) => {
    const bits = Math.min(8, Math.max(0, prefix - 8 * index))
    return part & (0xff << (8 - bits)) & 0xff
  })
  return `${kept.join('.')}/${prefix}`
}
