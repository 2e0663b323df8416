import { createHash } from 'node:crypto'
import { containerGatewayLayout, gatewayPaths } from '../../gateway/layout.js'
import { renderGateway, type NodeTls, type RenderedGateway } from '../../gateway/render-gateway.js'
import { gatewayUser } from '../../model/acl-user.js'
import type { ContainerFile, ContainerSpec, PublishedPort } from '../../model/engine.js'
import type { GatewayAccess } from '../../model/gateway.js'
import type { Encryption } from '../../model/redis.js'
import { gatewayName, masterName, networkName } from '../../model/names.js'
import type { FlotillaSpec, GatewaySpec } from '../../model/spec.js'
import { flotillaLabel, gatewayLabel, specHashLabel, versionLabel } from '../../runtime/labels.js'
import type { Secret } from '../../secret.js'
import type { GatewayCertificates } from '../../tls/gateway-certificates.js'

/** What decides how the container of a flotilla's gateway looks. */
export interface GatewayTemplate {
  readonly spec: FlotillaSpec
  readonly gateway: GatewaySpec
  /** True where it can only be administered by a port on the host's loopback. */
  readonly publish: boolean
  readonly flotillaVersion: string
  readonly rendered: RenderedGateway
  /** How we get in. */
  readonly access: GatewayAccess
  readonly specHash: string
}

/** Of both ports together. Each takes two open files, and a rootless engine may not have many more. */
const clientsMax = 4_096

/** `encryption`: how nodes are spoken to; undefined where they speak plain text. */
export function gatewayTemplate(input: {
  readonly spec: FlotillaSpec
  readonly publish: boolean
  readonly flotillaVersion: string
  readonly certificates: GatewayCertificates
  readonly password: Secret
  readonly encryption: Pick<Encryption, 'authorities' | 'client'> | undefined
}): GatewayTemplate | null {
  const { spec, certificates, encryption } = input
  const { gateway, name } = spec
  if (gateway === null) return null
  const { authority, server, client } = certificates
  const rendered = renderGateway({
    flotilla: name,
    clientsMax,
    admin: { ...server, authorities: authority },
    nodes: {
      login: { user: gatewayUser, password: input.password },
      tls: encryption === undefined ? null : nodeTlsOf(encryption, masterName(name)),
    },
  })
  const access = { authorities: authority, serverName: gatewayName(name), ...client }
  const { flotillaVersion, publish } = input
  const template = { spec, gateway, publish, flotillaVersion, rendered, access, specHash: '' }
  return { ...template, specHash: hashOf(template) }
}

function nodeTlsOf(
  { authorities, client }: Pick<Encryption, 'authorities' | 'client'>,
  serverName: string,
): NodeTls {
  return { authorities, serverName, client: client ?? null }
}

/** Of everything that a running gateway can't take over. Its name and our version are not in it. */
function hashOf(template: GatewayTemplate): string {
  const { labels: _labels, name: _name, ...spec } = desiredGateway(template, gatewayName(template.spec.name))
  const canonical = JSON.stringify([spec, template.spec.labels, template.rendered.digest])
  return createHash('sha256').update(canonical).digest('hex').slice(0, 16)
}

export function desiredGateway(template: GatewayTemplate, name: string): ContainerSpec {
  const { spec, gateway, publish, rendered } = template
  const alias = gatewayName(spec.name)
  return {
    name,
    image: gateway.image,
    command: rendered.command,
    hostname: alias,
    labels: {
      ...spec.labels,
      [flotillaLabel]: spec.name,
      [versionLabel]: template.flotillaVersion,
      [gatewayLabel]: 'true',
      [specHashLabel]: template.specHash,
    },
    attachment: { network: networkName(spec.name), links: [], aliases: [alias] },
    mounts: [],
    limits: gateway.resources,
    capabilities: [],
    // A gateway that ends starts again without us, and lets nobody in before it knows whom to.
    restart: 'unless-stopped',
    stopSignal: rendered.stopSignal,
    stopGraceSeconds: 2,
    dnsOptions: ['ndots:1'],
    openFilesMax: rendered.openFilesMax,
    publishPort: publish ? containerGatewayLayout.ports.admin : null,
    publishedPorts: publishedPortsOf(gateway),
  }
}

export function publishedPortsOf({ master, replicas }: GatewaySpec): readonly PublishedPort[] {
  const { ports } = containerGatewayLayout
  const publish = (containerPort: number, { host, port }: { host: string; port: number }): PublishedPort => ({
    ...{ containerPort, hostAddress: host, hostPort: port },
  })
  return [publish(ports.master, master), ...(replicas === null ? [] : [publish(ports.replicas, replicas)])]
}

/** `owner`: the user id that HAProxy runs as. */
export function gatewayFiles({ rendered }: GatewayTemplate, owner: number): readonly ContainerFile[] {
  return filesOf(rendered.files, owner)
}

/** Of one that runs: whom it was pointed at it has written down itself. */
export function gatewayFilesOfRunning(
  { rendered }: GatewayTemplate,
  owner: number,
): readonly ContainerFile[] {
  const { pointing } = gatewayPaths(containerGatewayLayout)
  const files = rendered.files.filter(({ path }) => path !== pointing)
  return filesOf(files, owner)
}

function filesOf(files: RenderedGateway['files'], owner: number): readonly ContainerFile[] {
  return files.map(({ path, content, mode }) => ({ path, content, mode, uid: owner, gid: owner }))
}
