import { dirname, isAbsolute, resolve } from 'node:path'
import { z } from 'zod'
import { isWithin } from '../secret-files.js'
import { matchesPattern } from '../wildcard.js'
import type { FieldPath } from './field-path.js'
import { namedSecrets } from './named-secrets.js'
import { renderListenAddress } from '../listen-address.js'
import type { FlotillaSpec, VolumeSettings } from '../model/spec.js'
import { field } from './field-docs.js'

/**
 * What manifests may ask for. Whoever writes a manifest chooses the program that runs in a container, and
 * Flotilla does for them what it may do itself: the policy is what keeps a manifest's author from being root
 * on the engine's host, and from secrets that are not theirs. Whoever runs the daemon writes it; patterns
 * have `*` for any characters.
 */
export type Policy = z.output<typeof policySchema>

const patterns = (what: string, example: string, byDefault: readonly string[]) =>
  field(z.array(z.string().min(1).max(512)).max(200), {
    describe: `${what}, as patterns with * for any characters.`,
    wants: 'a list of patterns',
    example,
  }).prefault([...byDefault])

const folders = (what: string, example: string) =>
  field(z.array(z.string().min(1).refine(isAbsolute, 'must be absolute')).max(200), {
    describe: `${what}, as absolute paths.`,
    wants: 'a list of absolute paths',
    example,
  }).prefault([])

/** What Docker gives every container unasked: a manifest that asks for one has no more than any container. */
const dockerCapabilities = [
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE'],
  ...['NET_RAW', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
]

export const policySchema = z.strictObject({
  images: patterns('Images that nodes and gateways may run', '["redis:*", "valkey/valkey:*"]', ['*']),
  gatewayAddresses: patterns(
    'Addresses of the engine’s host that gateways may open, with their ports',
    '["127.0.0.1:*", "10.0.0.5:6379"]',
    ['*'],
  ),
  networks: patterns('External networks that nodes may join', '["apps-*"]', ['*']),
  bootstrapHosts: patterns('Hosts that a flotilla may copy its data from', '["10.0.0.*"]', ['*']),
  backupPlaces: patterns(
    'Folders, and buckets as endpoint/bucket, that backups may go to',
    '[/srv/backups, "https://s3.example.com/redis-*"]',
    ['*'],
  ),
  passwordVariables: patterns(
    'Environment variables of the daemon that passwords may come from',
    '["REDIS_*", "SHOP_PASSWORD"]',
    ['REDIS_*'],
  ),
  volumeDrivers: patterns('Volume drivers of the engine', '[local, rexray/ebs]', ['local']),
  capabilities: patterns(
    'Capabilities of Linux that containers may be given',
    '[AUDIT_WRITE, SYS_RESOURCE]',
    dockerCapabilities,
  ),
  hostFolders: folders('Folders of the engine’s host that volumes may be bound to', '[/mnt/redis]'),
  secretFolders: folders(
    'Folders beside that of the manifests in which password files and certificates may lie',
    '[/run/secrets]',
  ),
})

/** Where no policy is given: nothing of the host, no secret but those beside the manifests. */
export const defaultPolicy: Policy = policySchema.parse({})

/** For who only reads or edits a text, and does nothing that it asks for. */
export const allowAll: Policy = policySchema.parse({
  ...{
    capabilities: ['*'],
    passwordVariables: ['*'],
    volumeDrivers: ['*'],
    hostFolders: ['/'],
    secretFolders: ['/'],
  },
})

/** Something that a manifest asks for and may not have. */
export interface PolicyViolation {
  readonly path: FieldPath
  /** What is refused, and which line of the policy would allow it. */
  readonly message: string
}

/** Under which policy a manifest is read, and its folder, absolute. */
export interface PolicyContext {
  readonly policy: Policy
  readonly folder: string
}

/** Everything that a spec asks for against the policy. */
export function policyViolations(spec: FlotillaSpec, context: PolicyContext): readonly PolicyViolation[] {
  const { policy } = context
  return [
    ...unlessAllowed(policy, 'images', { path: ['spec', 'image'], what: 'the image', value: spec.image }),
    ...gatewayViolations(spec, policy),
    ...spec.network.external.flatMap((value, index) =>
      unlessAllowed(policy, 'networks', {
        path: ['spec', 'network', 'external', String(index)],
        what: 'the network',
        value,
      }),
    ),
    ...spec.container.capAdd.flatMap(value =>
      unlessAllowed(policy, 'capabilities', {
        path: ['spec', 'container', 'capAdd'],
        what: 'the capability',
        value,
      }),
    ),
    ...volumeViolations(spec.persistence.volume, policy),
    ...secretViolations(spec, context),
    ...sourceViolations(spec, policy),
    ...backupViolations(spec, policy),
  ]
}

function backupViolations({ backup }: FlotillaSpec, policy: Policy): readonly PolicyViolation[] {
  if (backup === null) return []
  const { to } = backup
  const value = to.kind === 'path' ? to.path : `${to.endpoint}/${to.bucket}`
  const path = ['spec', 'backup', 'to', to.kind]
  return unlessAllowed(policy, 'backupPlaces', { path, what: 'the place for backups', value })
}

function gatewayViolations({ gateway }: FlotillaSpec, policy: Policy): readonly PolicyViolation[] {
  if (gateway === null) return []
  const image = { path: ['spec', 'gateway', 'image'], what: 'the image', value: gateway.image }
  return [
    ...unlessAllowed(policy, 'images', image),
    ...(['master', 'replicas'] as const).flatMap(port => {
      const address = gateway[port]
      if (address === null) return []
      const value = renderListenAddress(address)
      return unlessAllowed(policy, 'gatewayAddresses', {
        ...{ path: ['spec', 'gateway', port], what: 'the address', value },
      })
    }),
  ]
}

type PatternKey =
  | 'images'
  | 'gatewayAddresses'
  | 'networks'
  | 'bootstrapHosts'
  | 'backupPlaces'
  | 'volumeDrivers'
  | 'capabilities'

interface RequestedValue {
  readonly path: FieldPath
  readonly what: string
  readonly value: string
}

function unlessAllowed(
  policy: Policy,
  key: PatternKey,
  { path, what, value }: RequestedValue,
): readonly PolicyViolation[] {
  if (policy[key].some(pattern => matchesPattern(pattern, value))) return []
  return [{ path, message: `${what} ${JSON.stringify(value)} is not allowed here; ${allowedBy(key, value)}` }]
}

function allowedBy(key: keyof Policy, value: string): string {
  return `who runs the daemon can allow it in the policy file (--policy): ${key}: [${JSON.stringify(value)}]`
}

const driverPath: FieldPath = ['spec', 'persistence', 'volume', 'driver']
const optionsPath: FieldPath = ['spec', 'persistence', 'volume', 'options']
/** What they mount is elsewhere, or memory. */
const typesWithoutHost = ['nfs', 'nfs4', 'cifs', 'smb3', 'tmpfs']

/**
 * The engine's own driver mounts what its options say, as root: any folder of the host with `o: bind`, any
 * disk of it with another `type`.
 */
function volumeViolations({ driver, options }: VolumeSettings, policy: Policy): readonly PolicyViolation[] {
  const refusedDriver = unlessAllowed(policy, 'volumeDrivers', {
    path: driverPath,
    what: 'the volume driver',
    value: driver,
  })
  const { device, type = 'none', o = '' } = options
  if (driver !== 'local' || device === undefined) return refusedDriver
  const isBound = o.split(',').some(flag => /^(r?bind|remount|r?move)$/.test(flag.trim()))
  if (!isBound && typesWithoutHost.includes(type)) return refusedDriver
  if (policy.hostFolders.some(folder => isWithin(folder, device))) return refusedDriver
  const message = `${JSON.stringify(device)} of the engine’s host may not be a volume; ${allowedBy('hostFolders', folderOf(device))}`
  return [...refusedDriver, { path: [...optionsPath, 'device'], message }]
}

/** What to allow, so that every node may have its own: `/mnt/redis` of `/mnt/redis/{ordinal}`. */
function folderOf(device: string): string {
  const [fixed = device] = device.split('{', 1)
  return fixed === device ? device : dirname(`${fixed}x`)
}

function secretViolations(spec: FlotillaSpec, context: PolicyContext): readonly PolicyViolation[] {
  return namedSecrets(spec).flatMap(secret =>
    secret.kind === 'file'
      ? fileViolations(secret, context)
      : variableViolations(secret.path, secret.variable, context.policy),
  )
}

/**
 * Whoever writes the password itself where its variable belongs is refused here, and must not find it in the
 * log: its text is not repeated.
 */
function variableViolations(path: FieldPath, variable: string, policy: Policy): readonly PolicyViolation[] {
  if (policy.passwordVariables.some(pattern => matchesPattern(pattern, variable))) return []
  const allowed = policy.passwordVariables.join(', ')
  return [
    {
      path,
      message: `the environment variable that passwordEnv names is not allowed here, ${allowed} are; who runs the daemon can allow it in the policy file (--policy): passwordVariables`,
    },
  ]
}

function sourceViolations({ bootstrap }: FlotillaSpec, policy: Policy): readonly PolicyViolation[] {
  if (bootstrap === null || bootstrap.at.kind !== 'host') return []
  const path = ['spec', 'bootstrap', 'from', 'host']
  return unlessAllowed(policy, 'bootstrapHosts', { path, what: 'the host', value: bootstrap.at.host })
}

interface NamedFile {
  readonly path: FieldPath
  readonly file: string
}

/** The file system may still lead elsewhere by links: that is looked at when the file is read. */
function fileViolations(
  { path, file }: NamedFile,
  { policy, folder }: PolicyContext,
): readonly PolicyViolation[] {
  if ([folder, ...policy.secretFolders].some(allowed => isWithin(allowed, file))) return []
  return [
    {
      path,
      message: `${JSON.stringify(file)} is neither beside this manifest nor in a folder for secrets; ${allowedBy('secretFolders', resolve(file, '..'))}`,
    },
  ]
}
