import { z } from 'zod'
import { authSection } from './sections/auth.js'
import { backupSection } from './sections/backup.js'
import { bootstrapSection } from './sections/bootstrap.js'
import { labelsSection } from './sections/labels.js'
import { networkSection, nodeAddressesIn } from './sections/network.js'
import { containerSection } from './sections/container.js'
import { configSection } from './sections/config.js'
import { failoverConflicts, failoverSection } from './sections/failover.js'
import { gatewayConflicts, gatewaySection } from './sections/gateway.js'
import { imageReference } from './sections/image.js'
import { imagePullSection } from './sections/image-pull.js'
import { persistenceSection } from './sections/persistence.js'
import { tlsSection } from './sections/tls.js'
import { resourcesSection } from './sections/resources.js'
import { nearestWhole } from './nearest-amount.js'
import type { FlotillaSpec } from '../model/spec.js'
import { updateSection } from './sections/update.js'
import { durationField } from './units.js'
import { field } from './field-docs.js'

export const apiVersion = 'flotilla/v1'
export const kind = 'RedisReplication'

/**
 * The schema of one manifest document; its output is a FlotillaSpec with every default filled in. Unknown
 * keys are errors. Paths in the manifest are relative to `folder`, where the manifest stands.
 *
 * A new section of `spec` is one entry in `specSections` (and its type in spec.ts): validation, defaults,
 * messages, did-you-mean and the JSON schema for editors all follow from it.
 */
export function manifestSchema(folder: string) {
  return z
    .strictObject({
      apiVersion: field(z.literal(apiVersion), {
        describe: 'Version of this format.',
        wants: apiVersion,
        example: apiVersion,
        choices: [apiVersion],
      }),
      kind: field(z.literal(kind), {
        describe: 'What this document declares: one Redis master and its replicas.',
        wants: kind,
        example: kind,
        choices: [kind],
      }),
      metadata: field(z.strictObject({ name: flotillaName }), {
        describe: 'What the flotilla is called.',
        wants: 'a mapping',
        example: '{ name: shop }',
      }),
      spec: field(z.strictObject(specSections(folder)), {
        describe: 'What should run.',
        wants: 'a mapping',
        example: '{ replicas: 2 }',
        misplaced: {
          password: passwordElsewhere,
          requirepass: passwordElsewhere,
          imagePullPolicy: () => 'write imagePull: { policy: Always }',
          imagePullSecrets: () => 'write imagePull: { secretFile: ./registry.json }',
          memory: () => 'it belongs under resources; write resources: { memory: 2Gi }',
          cpus: () => 'it belongs under resources; write resources: { cpus: 1.5 }',
        },
      }),
    })
    .transform((document, context): FlotillaSpec => {
      const { bootstrap, gateway = null, backup = null, ...rest } = document.spec
      const name = document.metadata.name
      const spec = { name, ...rest, gateway, backup, bootstrap: bootstrap?.from ?? null }
      for (const { path, message } of conflictsOf(spec))
        context.addIssue({ code: 'custom', path: ['spec', ...path], message })
      return spec
    })
}

function passwordElsewhere(): string {
  return 'a password has a file of its own; write auth: { passwordFile: ./shop.password }'
}

function specSections(folder: string) {
  return {
    image: image.prefault('redis:8'),
    imagePull: imagePullSection(folder).prefault({}),
    replicas,
    auth: authSection(folder).prefault('generated'),
    tls: tlsSection(folder).prefault('off'),
    persistence: persistenceSection.prefault('aof'),
    config: configSection.prefault({}),
    resources: resourcesSection.prefault({}),
    container: containerSection.prefault({}),
    failover: failoverSection.prefault({}),
    durability: durabilitySection.prefault({}),
    update: updateSection.prefault({}),
    network: networkSection.prefault({}),
    gateway: gatewaySection.optional(),
    labels: labelsSection.prefault({}),
    bootstrap: bootstrapSection(folder).optional(),
    hibernate: hibernate.prefault(false),
    backup: backupSection(folder).optional(),
    deletionPolicy: deletionPolicy.prefault('Retain'),
  }
}

/** What is right by itself and can't be beside something else. */
function conflictsOf(spec: FlotillaSpec): {
  readonly path: readonly (string | number)[]
  readonly message: string
}[] {
  const { name, network, replicas: wanted, bootstrap, tls } = spec
  const own = network.external.indexOf(name)
  // One address more than nodes: a Flotilla in a container joins the network too.
  const tooSmall = network.subnet !== null && nodeAddressesIn(network.subnet) < wanted + 2
  return [
    ...gatewayConflicts(spec),
    ...failoverConflicts(spec),
    ...(own === -1
      ? []
      : [
          {
            path: ['network', 'external', own],
            message: `can't be ${name}: that is the flotilla's own network, which its nodes are on anyway; remove it`,
          },
        ]),
    ...(tooSmall
      ? [
          {
            path: ['network', 'subnet'],
            message: `has no room for ${wanted + 1} nodes; choose one with a smaller number after the slash`,
          },
        ]
      : []),
    ...(bootstrap !== null && tls.mode !== 'off'
      ? [
          {
            path: ['bootstrap'],
            message:
              "can't be beside tls: the source is followed in plain text; switch tls on when the flotilla has taken over, and take bootstrap out",
          },
        ]
      : []),
  ]
}

/**
 * `<name>-replica-199` must stay a DNS label, which has 63 characters at most; 40 leaves room for longer
 * suffixes.
 */
const nameLengthMax = 40
/** A flotilla's network has its name, and these Docker keeps for networks of its own. */
const reservedNames = ['bridge', 'default', 'host', 'ingress', 'nat', 'none']

const flotillaName = field(
  z
    .string()
    .max(nameLengthMax)
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/)
    .meta({ not: { enum: reservedNames } })
    .refine(name => !reservedNames.includes(name), {
      error: issue =>
        `can't be ${String(issue.input)}: Docker keeps this name for a network of its own; choose another`,
    }),
  {
    describe: `Name of the flotilla, unique among all manifests: ${nameLengthMax} characters at most of a-z, 0-9 and -, with a letter or digit at both ends. Containers, volumes and the network are named after it.`,
    wants: `${nameLengthMax} characters at most of a-z, 0-9 and -, with a letter or digit at both ends`,
    example: 'shop',
    repair: repairName,
  },
)

function repairName(value: unknown): string | null {
  // A number is a fine name once it is text, and YAML needs the quotes for that.
  if (typeof value === 'number') return /^\d+$/.test(String(value)) ? `"${value}"` : null
  if (typeof value !== 'string') return null
  const name = value
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, nameLengthMax)
    .replace(/^-|-$/g, '')
  return name === '' || reservedNames.includes(name) || /^\d+$/.test(name) ? null : name
}

const image = field(z.string().max(512).regex(imageReference), {
  describe: 'Image of every node: Redis 6.2 or newer, or Valkey.',
  wants: 'an image reference such as redis:8 or valkey/valkey:8',
  example: 'redis:8',
})

export const replicasMax = 200
const replicas = field(z.int().min(0).max(replicasMax), {
  describe: `How many replicas run beside the one master, 0 to ${replicasMax}.`,
  wants: `a whole number from 0 to ${replicasMax}`,
  example: '2',
  repair: nearestWhole({ min: 0, max: replicasMax }),
})

const durabilitySection = field(
  z
    .strictObject({
      minReplicasToWrite: field(z.int().min(0).max(replicasMax), {
        describe:
          'The master refuses writes while fewer replicas than this are in sync (never more than there are wanted replicas). 0 always takes them.',
        wants: `a whole number from 0 to ${replicasMax}`,
        example: '1',
        repair: nearestWhole({ min: 0, max: replicasMax }),
      }).prefault(0),
      maxLag: durationField(
        { minMs: 1_000, maxMs: 600_000 },
        {
          describe: 'A replica that was last heard of longer ago than this does not count as in sync.',
          wants: 'a duration from 1s to 10m, such as 10s',
          example: '10s',
        },
      ).prefault('10s'),
    })
    .transform(({ minReplicasToWrite, maxLag }): FlotillaSpec['durability'] => ({
      minReplicasToWrite,
      maxLagSeconds: Math.ceil(maxLag / 1_000),
    })),
  {
    describe: 'How many copies a write must be able to reach.',
    wants: 'a mapping',
    example: '{ minReplicasToWrite: 1 }',
  },
)

const hibernate = field(z.boolean(), {
  describe:
    'true: the master saves what it holds, then all containers go; volumes, names and passwords stay. false: it comes back with the same master, data and epoch. flotilla hibernate and flotilla wake write it.',
  wants: 'true or false',
  example: 'false',
})

const deletionPolicies = ['Retain', 'Delete', 'Orphan'] as const
const deletionPolicy = field(z.enum(deletionPolicies), {
  describe:
    'What happens when this document goes away. Retain: containers and network are removed, volumes stay. Delete: volumes are removed too. Orphan: nothing is touched.',
  wants: 'Retain, Delete or Orphan',
  example: 'Retain',
  choices: deletionPolicies,
})
