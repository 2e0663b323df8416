import { createHash } from 'node:crypto'
import { persistenceByDefault } from '../manifest/sections/persistence.js'
import type { FlotillaSpec, KeepingSpec } from '../manifest/spec.js'
import { fillTemplate } from '../manifest/template.js'
import { volumeOptions } from '../manifest/volume-place.js'
import { fileOptions, restartOptions, type ConfigInForce } from './config-in-force.js'
import { renderAcl } from '../redis/acl.js'
import { aclFilePath, configFilePath, renderRedisConfig } from '../redis/config.js'
import type { RedisOptions } from '../redis/options.js'
import { authoritiesPath, certificatePath, containerTlsPlaces, tlsPort, trustPath } from '../redis/tls.js'
import { flotillaLabel, nodeLabel, referenceLabel, specHashLabel, versionLabel } from '../runtime/labels.js'
import type {
  ContainerFile,
  ContainerSpec,
  ImageFacts,
  NetworkAttachment,
  VolumeSpec,
} from '../runtime/runtime.js'
import { Secret } from '../secret.js'
import { serverCommand, usualServerCommand } from './server-image.js'
import { fingerprintOf, type NodeMaterial } from '../tls/material.js'
import type { NodeAuth } from './auth/node-auth.js'
import { dataPath, masterLink, networkName, newVolumeName, nodeAlias, redisPort } from './names.js'

/** What is the same for every node of a flotilla and decides what its containers look like. */
export interface NodeSetting {
  readonly spec: FlotillaSpec
  /** The redis.conf options that a node gets beside ours. */
  readonly config: ConfigInForce
  /** True where nodes can only be reached by a port on the host's loopback. */
  readonly publish: boolean
  /** Written into a label; no reason to recreate anything. */
  readonly flotillaVersion: string
}

/**
 * The container of one node on its volume, whatever its role: its name is all that a role changes. `image`: what the engine has under spec.image; how its server is
 * started is a fact of the image, not of the spec, and no reason to recreate anything.
 */
export function desiredContainer(
  setting: NodeSetting,
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
    ...containerTemplate(setting, ordinal, volume),
    command: serverCommand(image),
    name,
    labels: {
      ...nodeLabels(setting, ordinal),
      [specHashLabel]: specHash(setting),
      ...(byId ? { [referenceLabel]: setting.spec.image } : {}),
    },
    ...(byId && image !== null ? { image: image.imageId } : {}),
  }
}

/**
 * The spec-hash label: a digest over what makes a container of today's spec different from another one's, with the ordinal left open.
 * Users, passwords, the role and Flotilla's own version are not in it, so that none of them recreates a node. A golden test pins it.
 */
export function specHash(setting: NodeSetting): string {
  return hashesOf(setting).current
}

/** What the label says of containers that an earlier version made from what is the same spec today: no reason to make them anew. */
export function equalHashes(setting: NodeSetting): readonly string[] {
  return hashesOf(setting).equal
}

interface SpecHashes {
  readonly publish: boolean
  readonly config: ConfigInForce
  readonly current: string
  readonly equal: readonly string[]
}

/** A spec in force is one object for as long as it is, and is asked for at every look. */
const known = new WeakMap<FlotillaSpec, SpecHashes>()

function hashesOf(setting: NodeSetting): SpecHashes {
  const before = known.get(setting.spec)
  const { publish, config } = setting
  if (before !== undefined && before.publish === publish && before.config === config) return before
  const hashes: SpecHashes = {
    publish,
    config,
    current: computeSpecHash(setting, { openToAll: false }),
    equal: equalTo(setting),
  }
  known.set(setting.spec, hashes)
  return hashes
}

/** An earlier version made containers anew for `auth: none`, and for an append-only file in place of snapshots. */
function equalTo(setting: NodeSetting): readonly string[] {
  const modes = setting.spec.persistence.mode === 'none' ? (['none'] as const) : (['aof', 'rdb'] as const)
  const each = modes.flatMap(mode =>
    [true, false].map(openToAll => computeSpecHash(setting, { openToAll }, persistenceByDefault(mode))),
  )
  return each.filter(hash => hash !== computeSpecHash(setting, { openToAll: false }))
}

/** The two that are exchanged on nodes that run make the same container. */
function hashedKeeping({ persistence }: FlotillaSpec): KeepingSpec {
  return persistenceByDefault(persistence.mode === 'none' ? 'none' : 'aof')
}

function computeSpecHash(
  setting: NodeSetting,
  auth: { readonly openToAll: boolean },
  keeps = hashedKeeping(setting.spec),
): string {
  // Limits are changed while it runs.
  const { hostname, mounts, attachment, limits: _limits, ...rest } = containerTemplate(setting, 0, '')
  // What a running node takes is set there, and in its file: no reason to make it anew. Ports and certificates are among it.
  const config = nodeConfig(
    setting,
    0,
    { ...auth, replication: new Secret('x'), material: null, keeps },
    restartOptions(setting.config),
  ).textWithoutSecrets
  const canonical = JSON.stringify({
    ...rest,
    links: attachment.links,
    mounted: mounts.map(mount => mount.path),
    named: hostname !== '',
    config,
    acl: hashedAcl(auth),
    // Left out where there are none, as it was before there could be any.
    ...(Object.keys(setting.spec.labels).length === 0 ? {} : { labels: sortedByKey(setting.spec.labels) }),
  })
  return createHash('sha256').update(canonical).digest('hex').slice(0, 16)
}

function sortedByKey(labels: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
}

/**
 * Users are changed on nodes that run, so the ACL file makes no other container. It did once: without the text that stood here then, every container of every
 * user would be made anew.
 */
function hashedAcl({ openToAll }: { readonly openToAll: boolean }): string {
  return [
    `user default on ${openToAll ? 'nopass' : '[secret]'} ~* &* +@all`,
    'user flotilla on [secret] resetkeys resetchannels -@all ' +
      '+ping +info +role +time +hello +auth +dbsize +wait +replicaof +config|get +config|set +bgsave +lastsave ' +
      '+shutdown +script|kill +client|pause +client|unpause +client|kill +client|list +client|setname +client|id +acl|setuser +acl|list +acl|load +acl|log +acl|whoami',
    'user replication on [secret] resetkeys resetchannels -@all +psync +replconf +ping',
    '',
  ].join('\n')
}

/** What is in the files of one node alone. */
export interface NodeOwn {
  readonly keeps: KeepingSpec
  readonly auth: NodeAuth
  /** Its certificate; null where TLS is off. */
  readonly material: NodeMaterial | null
}

/** redis.conf, the ACL file and certificates, put into the container before it starts: argv, env and bind mounts would show in `docker inspect`. */
export function nodeFiles(
  setting: NodeSetting,
  ordinal: number,
  secrets: NodeOwn,
  owner: number,
): readonly ContainerFile[] {
  return [
    configFile(setting, ordinal, secrets, owner),
    ownFile(aclFilePath, renderAcl(secrets.auth.users), owner),
    ...tlsFiles(secrets.material).map(({ path, content }) => ownFile(path, content, owner)),
  ]
}

function tlsFiles(
  material: NodeMaterial | null,
): readonly { readonly path: string; readonly content: string }[] {
  if (material === null) return []
  const content = `${material.certificate.trimEnd()}\n${material.key.reveal()}`
  return [
    { path: certificatePath(containerTlsPlaces), content },
    { path: authoritiesPath(containerTlsPlaces, fingerprintOf(material)), content: material.authorities },
    { path: trustPath(containerTlsPlaces), content: material.authorities },
  ]
}

function configFile(setting: NodeSetting, ordinal: number, secrets: NodeOwn, owner: number): ContainerFile {
  const options = fileOptions(setting.spec, setting.config)
  return ownFile(configFilePath, nodeConfig(setting, ordinal, configSecrets(secrets), options).text, owner)
}

function ownFile(path: string, content: string, owner: number): ContainerFile {
  return { path, content, mode: 0o400, uid: owner, gid: owner }
}

export function flotillaLabels(setting: NodeSetting): Readonly<Record<string, string>> {
  return {
    ...setting.spec.labels,
    [flotillaLabel]: setting.spec.name,
    [versionLabel]: setting.flotillaVersion,
  }
}

export function nodeLabels(setting: NodeSetting, ordinal: number): Readonly<Record<string, string>> {
  return { ...flotillaLabels(setting), [nodeLabel]: String(ordinal) }
}

/** The volume of one node, as it is made where there is none. */
export function desiredVolume(setting: NodeSetting, ordinal: number): VolumeSpec {
  const { name, persistence } = setting.spec
  return {
    name: newVolumeName(setting.spec, ordinal),
    driver: persistence.volume.driver,
    options: volumeOptions(persistence.volume, { flotilla: name, ordinal }),
    labels: volumeLabels(setting, ordinal),
  }
}

function volumeLabels(setting: NodeSetting, ordinal: number): Readonly<Record<string, string>> {
  const node = { flotilla: setting.spec.name, ordinal }
  const asked = Object.entries(setting.spec.persistence.volume.labels).map(
    ([key, value]) => [key, fillTemplate(value, node)] as const,
  )
  return { ...Object.fromEntries(asked), ...nodeLabels(setting, ordinal) }
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
  setting: NodeSetting,
  ordinal: number,
  volume: string,
): Omit<ContainerSpec, 'name' | 'labels'> {
  const { spec } = setting
  return {
    image: spec.image,
    command: usualServerCommand,
    hostname: nodeAlias(spec.name, ordinal),
    attachment: nodeAttachment(spec.name, ordinal),
    // Some images no longer declare the volume, and an anonymous one would be lost with its container.
    mounts: [{ volume, path: dataPath, labels: volumeLabels(setting, ordinal) }],
    // Redis resolves `master` on its main thread. With ndots:1 Docker itself answers for a single-label name that nobody holds, empty and at once;
    // without, the question goes outside, and where nobody answers there Redis stands still for 40 s (measured on 20.10).
    dnsOptions: ['ndots:1'],
    // Redis wants maxclients (10,000) + 32; Docker 29 lowered the default. Not more: an engine without the right to raise its own hard limit
    // (rootless, or itself in a container) refuses to start what asks for more than it has.
    openFilesMax: 10_240,
    // Redis waits up to shutdown-timeout for its replicas on SIGTERM; the engine must not kill it before.
    stopGraceSeconds: 20,
    publishPort: setting.publish ? (spec.tls.mode === 'off' ? redisPort : tlsPort) : null,
    limits: spec.resources,
  }
}

function configSecrets({ auth, material, keeps }: NodeOwn): ConfigSecrets {
  return {
    keeps,
    replication: auth.credentials.replication,
    openToAll: auth.openToAll,
    material,
  }
}

interface ConfigSecrets extends Pick<NodeOwn, 'material' | 'keeps'> {
  readonly replication: Secret
  readonly openToAll: boolean
}

function nodeConfig(
  setting: NodeSetting,
  ordinal: number,
  { material, keeps, ...login }: ConfigSecrets,
  options: RedisOptions,
) {
  const { mode } = setting.spec.tls
  return renderRedisConfig({
    nodeAlias: nodeAlias(setting.spec.name, ordinal),
    persistence: keeps,
    ...login,
    options,
    tls: mode === 'off' || material === null ? null : { mode, fingerprint: fingerprintOf(material) },
  })
}
