import { createHash } from 'node:crypto'
import { canonicalJson } from '../../json-digest.js'
import { withoutLaterFields } from '../../manifest/digest.js'
import { defaultContainer } from '../../manifest/sections/container.js'
import { defaultPersistence } from '../../manifest/sections/persistence.js'
import type { FlotillaSpec, PersistenceSettings } from '../../model/spec.js'
import { fillTemplate } from '../../model/template.js'
import { volumeOptions } from '../../model/volume-location.js'
import { fileOptions, restartOptions } from './accepted-config.js'
import { renderAcl } from '../../redis/acl.js'
import { aclFilePath, configFilePath, renderRedisConfig } from '../../redis/config.js'
import { authoritiesPath, certificatePath, containerTlsLayout, tlsPort, caCertPath } from '../../redis/tls.js'
import {
  flotillaLabel,
  nodeLabel,
  referenceLabel,
  specHashLabel,
  versionLabel,
} from '../../runtime/labels.js'
import { Secret } from '../../secret.js'
import { containerSettings, defaultServerCommand, serverCommand } from './server-image.js'
import { certificateFingerprint, type CertificateBundle } from '../../tls/certificate-bundle.js'
import type { NodeAuth } from '../auth/node-auth.js'
import { dataPath, masterLink, networkName, newVolumeName, nodeAlias, redisPort } from '../../model/names.js'
import type {
  ContainerFile,
  ContainerSpec,
  ImageFacts,
  NetworkAttachment,
  VolumeSpec,
} from '../../model/engine.js'
import type { RedisOptions } from '../../model/redis.js'
import type { AcceptedConfig } from '../../model/image-probe.js'

/** What is the same for every node of a flotilla and decides what its containers look like. */
export interface NodeTemplate {
  readonly spec: FlotillaSpec
  /** The redis.conf options that a node gets beside ours. */
  readonly config: AcceptedConfig
  /** True where nodes can only be reached by a port on the host's loopback. */
  readonly publish: boolean
  /** Written into a label; no reason to recreate anything. */
  readonly flotillaVersion: string
}

/**
 * The container of one node on its volume, whatever its role: its name is all that a role changes. `image`:
 * what the engine has under spec.image; how its server is started, and what that takes, are facts of the
 * image, not of the spec, and no reason to recreate anything.
 */
export function desiredContainer(
  template: NodeTemplate,
  ordinal: number,
  {
    name,
    volume,
    image = null,
    byId = false,
  }: {
    readonly name: string
    readonly volume: string
    readonly image?: ImageFacts | null
    /** Of this very image, whatever its reference means by now. */
    readonly byId?: boolean
  },
): ContainerSpec {
  return {
    ...containerTemplate(template, ordinal, volume),
    command: serverCommand(image),
    name,
    labels: {
      ...nodeLabels(template, ordinal),
      [specHashLabel]: specHash(template),
      ...(byId ? { [referenceLabel]: template.spec.image } : {}),
    },
    ...(byId && image !== null ? { image: image.imageId } : {}),
    ...containerSettings(template.spec, image),
  }
}

/**
 * The spec-hash label: a digest over what makes a container of today's spec different from another one's,
 * with the ordinal left open. Users, passwords, the role and Flotilla's own version are not in it, so that
 * none of them recreates a node. A golden test pins it.
 */
export function specHash(template: NodeTemplate): string {
  return hashesOf(template).current
}

/**
 * What the label says of containers that an earlier version made from what is the same spec today: no reason
 * to recreate them.
 */
export function equalHashes(template: NodeTemplate): readonly string[] {
  return hashesOf(template).equivalent
}

interface SpecHashes {
  readonly publish: boolean
  readonly config: AcceptedConfig
  readonly current: string
  readonly equivalent: readonly string[]
}

/** A spec in force is one object for as long as it is, and is asked for at every look. */
const hashesBySpec = new WeakMap<FlotillaSpec, SpecHashes>()

function hashesOf(template: NodeTemplate): SpecHashes {
  const before = hashesBySpec.get(template.spec)
  const { publish, config } = template
  if (before !== undefined && before.publish === publish && before.config === config) return before
  const hashes: SpecHashes = {
    publish,
    config,
    current: computeSpecHash(template, { isPasswordless: false }),
    equivalent: equivalentHashes(template),
  }
  hashesBySpec.set(template.spec, hashes)
  return hashes
}

/**
 * An earlier version recreated containers for `auth: none`, and for an append-only file in place of
 * snapshots.
 */
function equivalentHashes(template: NodeTemplate): readonly string[] {
  const modes = template.spec.persistence.mode === 'none' ? (['none'] as const) : (['aof', 'rdb'] as const)
  const each = modes.flatMap(mode =>
    [true, false].map(isPasswordless =>
      computeSpecHash(template, { isPasswordless }, defaultPersistence(mode)),
    ),
  )
  return each.filter(hash => hash !== computeSpecHash(template, { isPasswordless: false }))
}

/** The two that are exchanged on nodes that run make the same container. */
function hashedPersistence({ persistence }: FlotillaSpec): PersistenceSettings {
  return defaultPersistence(persistence.mode === 'none' ? 'none' : 'aof')
}

function computeSpecHash(
  template: NodeTemplate,
  auth: { readonly isPasswordless: boolean },
  persistence = hashedPersistence(template.spec),
): string {
  // Limits are changed while it runs.
  const { hostname, mounts, attachment, limits: _limits, ...rest } = containerTemplate(template, 0, '')
  // What a running node takes is set there, and in its file: no reason to recreate it. Ports and
  // certificates are among it.
  const config = nodeConfig(
    template,
    0,
    { ...auth, replication: new Secret('x'), bundle: null, persistence },
    restartOptions(template.config),
  ).textWithoutSecrets
  // What every container gets unasked is none of it: a Flotilla that gives less power recreates nothing.
  const settings = withoutLaterFields('container', template.spec.container)
  const canonical = JSON.stringify({
    ...rest,
    links: attachment.links,
    mounted: mounts.map(mount => mount.path),
    named: hostname !== '',
    config,
    acl: hashedAcl(auth),
    // Left out where there are none, as it was before there could be any.
    ...(Object.keys(template.spec.labels).length === 0 ? {} : { labels: sortedByKey(template.spec.labels) }),
    ...(canonicalJson(settings) === canonicalJson(withoutLaterFields('container', defaultContainer))
      ? {}
      : { settings: canonicalJson(settings) }),
  })
  return createHash('sha256').update(canonical).digest('hex').slice(0, 16)
}

function sortedByKey(labels: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
}

/**
 * Users are changed on nodes that run, so the ACL file makes no other container. It did once: without the
 * text that stood here then, every container of every user would be recreated.
 */
function hashedAcl({ isPasswordless }: { readonly isPasswordless: boolean }): string {
  return [
    `user default on ${isPasswordless ? 'nopass' : '[secret]'} ~* &* +@all`,
    'user flotilla on [secret] resetkeys resetchannels -@all ' +
      '+ping +info +role +time +hello +auth +dbsize +wait +replicaof +config|get +config|set +bgsave +lastsave ' +
      '+shutdown +script|kill +client|pause +client|unpause +client|kill +client|list +client|setname +client|id +acl|setuser +acl|list +acl|load +acl|log +acl|whoami',
    'user replication on [secret] resetkeys resetchannels -@all +psync +replconf +ping',
    '',
  ].join('\n')
}

/** What is in the files of one node alone. */
export interface NodeFilesInput {
  readonly persistence: PersistenceSettings
  readonly auth: NodeAuth
  /** Its certificate; null where TLS is off. */
  readonly bundle: CertificateBundle | null
}

/**
 * redis.conf, the ACL file and certificates, put into the container before it starts: argv, env and bind
 * mounts would show in `docker inspect`.
 */
export function nodeFiles(
  template: NodeTemplate,
  ordinal: number,
  secrets: NodeFilesInput,
  owner: number,
): readonly ContainerFile[] {
  return [
    configFile(template, ordinal, secrets, owner),
    secretFile(aclFilePath, renderAcl(secrets.auth.users), owner),
    ...tlsFiles(secrets.bundle).map(({ path, content }) => secretFile(path, content, owner)),
  ]
}

function tlsFiles(
  bundle: CertificateBundle | null,
): readonly { readonly path: string; readonly content: string }[] {
  if (bundle === null) return []
  const content = `${bundle.certificate.trimEnd()}\n${bundle.key.reveal()}`
  return [
    { path: certificatePath(containerTlsLayout), content },
    {
      path: authoritiesPath(containerTlsLayout, certificateFingerprint(bundle)),
      content: bundle.authorities,
    },
    { path: caCertPath(containerTlsLayout), content: bundle.authorities },
  ]
}

function configFile(
  template: NodeTemplate,
  ordinal: number,
  secrets: NodeFilesInput,
  owner: number,
): ContainerFile {
  const options = fileOptions(template.spec, template.config)
  return secretFile(
    configFilePath,
    nodeConfig(template, ordinal, configSecrets(secrets), options).text,
    owner,
  )
}

function secretFile(path: string, content: string, owner: number): ContainerFile {
  return { path, content, mode: 0o400, uid: owner, gid: owner }
}

export function flotillaLabels(template: NodeTemplate): Readonly<Record<string, string>> {
  return {
    ...template.spec.labels,
    [flotillaLabel]: template.spec.name,
    [versionLabel]: template.flotillaVersion,
  }
}

export function nodeLabels(template: NodeTemplate, ordinal: number): Readonly<Record<string, string>> {
  return { ...flotillaLabels(template), [nodeLabel]: String(ordinal) }
}

/** The volume of one node, as it is made where there is none. */
export function desiredVolume(template: NodeTemplate, ordinal: number): VolumeSpec {
  const { name, persistence } = template.spec
  return {
    name: newVolumeName(template.spec, ordinal),
    driver: persistence.volume.driver,
    options: volumeOptions(persistence.volume, { flotilla: name, ordinal }),
    labels: volumeLabels(template, ordinal),
  }
}

function volumeLabels(template: NodeTemplate, ordinal: number): Readonly<Record<string, string>> {
  const node = { flotilla: template.spec.name, ordinal }
  const asked = Object.entries(template.spec.persistence.volume.labels).map(
    ([key, value]) => [key, fillTemplate(value, node)] as const,
  )
  return { ...Object.fromEntries(asked), ...nodeLabels(template, ordinal) }
}

export function nodeAttachment(flotilla: string, ordinal: number): NetworkAttachment {
  return {
    network: networkName(flotilla),
    links: [masterLink(flotilla)],
    aliases: [nodeAlias(flotilla, ordinal)],
  }
}

/** On Docker's own bridge there are no names to be had: it takes no alias, and no link on the way in. */
export function attachmentTo(
  flotilla: string,
  { ordinal, network }: { readonly ordinal: number; readonly network: string },
): NetworkAttachment {
  return network === 'bridge'
    ? { network, links: [], aliases: [] }
    : { ...nodeAttachment(flotilla, ordinal), network }
}

function containerTemplate(
  template: NodeTemplate,
  ordinal: number,
  volume: string,
): Omit<ContainerSpec, 'name' | 'labels'> {
  const { spec } = template
  return {
    image: spec.image,
    command: defaultServerCommand,
    hostname: nodeAlias(spec.name, ordinal),
    attachment: nodeAttachment(spec.name, ordinal),
    // Some images no longer declare the volume, and an anonymous one would be lost with its container.
    mounts: [{ volume, path: dataPath, labels: volumeLabels(template, ordinal) }],
    // Redis resolves `master` on its main thread. With ndots:1 Docker itself answers for a single-label name
    // that nobody holds, empty and at once; without, the question goes outside, and where nobody answers
    // there Redis stands still for 40 s (measured on 20.10).
    dnsOptions: ['ndots:1'],
    // Redis wants maxclients (10,000) + 32; Docker 29 lowered the default. Not more: an engine without the
    // right to raise its own hard limit (rootless, or itself in a container) refuses to start what asks for
    // more than it has.
    openFilesMax: 10_240,
    // Redis waits up to shutdown-timeout for its replicas on SIGTERM; the engine must not kill it before.
    stopGraceSeconds: stopSeconds(spec),
    publishPort: template.publish ? (spec.tls.mode === 'off' ? redisPort : tlsPort) : null,
    limits: spec.resources,
  }
}

/** How long a server has to end before the engine kills it; null: nobody knows its spec any more. */
export function stopSeconds(spec: Pick<FlotillaSpec, 'container'> | null): number {
  return spec?.container.stopTimeoutSeconds ?? 20
}

function configSecrets({ auth, bundle, persistence }: NodeFilesInput): NodeConfigInput {
  return {
    persistence,
    replication: auth.credentials.replication,
    isPasswordless: auth.isPasswordless,
    bundle,
  }
}

interface NodeConfigInput extends Pick<NodeFilesInput, 'bundle' | 'persistence'> {
  readonly replication: Secret
  readonly isPasswordless: boolean
}

function nodeConfig(
  template: NodeTemplate,
  ordinal: number,
  { bundle, persistence, ...login }: NodeConfigInput,
  options: RedisOptions,
) {
  const { mode, clientAuth } = template.spec.tls
  const asked = clientAuth === 'none' ? {} : { clientAuth }
  return renderRedisConfig({
    nodeAlias: nodeAlias(template.spec.name, ordinal),
    persistence,
    ...login,
    options,
    tls:
      mode === 'off' || bundle === null
        ? null
        : { mode, fingerprint: certificateFingerprint(bundle), ...asked },
  })
}
