import { createHash } from 'node:crypto'
import type { GatewayFileFacts } from '../model/gateway.js'
import type { Secret } from '../secret.js'
import { renderGatewayLua } from './gateway-lua.js'
import { containerGatewayLayout, gatewayPaths, gatewaySlots, type GatewayLayout } from './layout.js'

export interface GatewayConfig {
  readonly flotilla: string
  /**
   * Clients at once, of both ports together; each has a place for half of them, and more wait until one
   * leaves.
   */
  readonly clientsMax: number
  /** Certificate (PEM) and key of the admin port, and who may have signed that of whoever administers it. */
  readonly admin: { readonly certificate: string; readonly key: Secret; readonly authorities: string }
  /** How nodes are asked after a restart without a daemon. */
  readonly nodes: {
    /** An ACL user that may say INFO; null where there is none: then it stays closed after such a restart. */
    readonly login: { readonly user: string; readonly password: Secret } | null
    /** Null: in plain text. */
    readonly tls: NodeTls | null
  }
  /** {@link containerGatewayLayout} unless it runs outside a container. */
  readonly layout?: GatewayLayout
}

export interface NodeTls {
  readonly authorities: string
  /** The name that every node's certificate is good for. */
  readonly serverName: string
  /** Where nodes ask for a certificate, PEM, and its key. */
  readonly client: { readonly certificate: string; readonly key: Secret } | null
}

export interface GatewayFile {
  readonly path: string
  readonly content: string
  /** To be owned by the user that HAProxy runs as. */
  readonly mode: number
}

export interface RenderedGateway {
  readonly files: readonly GatewayFile[]
  /** What a container of HAProxy is started with, in place of its image's own. */
  readonly command: readonly string[]
  /**
   * What ends it within a second. Of SIGTERM it takes no notice as the first process of a container, as the
   * kernel gives that one no default, and HAProxy itself has none without its master process.
   */
  readonly stopSignal: 'SIGUSR1'
  /** Its own limit must allow so many, or HAProxy does not start. */
  readonly openFilesMax: number
  /**
   * Of all that a running gateway can't take over without a restart; part of its facts. No secret is in it.
   */
  readonly digest: string
  /** What one that has been given these files says of them. */
  readonly facts: GatewayFileFacts
}

/**
 * A HAProxy that lets nobody in before it is pointed: all servers start disabled, and it has no health
 * checks, as it would believe any node that says that it is master. TLS of clients passes through.
 */
export function renderGateway(config: GatewayConfig): RenderedGateway {
  const layout = config.layout ?? containerGatewayLayout
  const paths = gatewayPaths(layout)
  const { admin, nodes } = config
  const lua = renderGatewayLua(layout)
  const text = renderConfig(config, layout)
  const digest = createHash('sha256')
    .update(JSON.stringify([text, lua, admin.certificate, admin.authorities]))
    .digest('hex')
    .slice(0, 16)
  const configText = text.replace(digestMark, digest)
  const asking = [{ path: paths.login, content: loginText(nodes.login) }, ...tlsFiles(paths, nodes.tls)]
  // A password that nobody could guess is in it.
  const filesDigest = createHash('sha256').update(JSON.stringify(asking)).digest('hex').slice(0, 16)
  const secretFile = (path: string, content: string): GatewayFile => ({ path, content, mode: 0o400 })
  return {
    digest,
    // Not by its name alone: with that the entrypoint of HAProxy's own image puts a second process in
    // front, which reloads it on a signal; ours never is.
    command: ['env', 'haproxy', '-db', '-f', paths.config],
    stopSignal: 'SIGUSR1',
    openFilesMax: 2 * globalConnectionsMax(config) + 512,
    facts: { configSum: sumOf(configText + lua), filesDigest },
    files: [
      { path: paths.config, content: configText, mode: 0o444 },
      { path: paths.lua, content: lua, mode: 0o444 },
      { path: paths.authorities, content: admin.authorities, mode: 0o444 },
      secretFile(paths.certificate, `${admin.certificate}\n${admin.key.reveal()}`),
      ...asking.map(({ path, content }) => secretFile(path, content)),
      { path: paths.filesDigest, content: `${filesDigest}\n`, mode: 0o444 },
      // Its own to write, and empty until it is pointed.
      { path: paths.pointing, content: '', mode: 0o600 },
    ],
  }
}

/** FNV-1a, which takes a line of Lua. */
function sumOf(text: string): string {
  let sum = 2_166_136_261
  for (const byte of Buffer.from(text)) sum = Math.imul(sum ^ byte, 16_777_619) >>> 0
  return sum.toString(16).padStart(8, '0')
}

const digestMark = '@digest@'

/** Inline commands, which every version of Redis takes; a password of ours needs no quotes. */
function loginText(login: GatewayConfig['nodes']['login']): string {
  return login === null ? '' : `AUTH ${login.user} ${login.password.reveal()}\r\n`
}

function tlsFiles(
  paths: ReturnType<typeof gatewayPaths>,
  tls: NodeTls | null,
): readonly { readonly path: string; readonly content: string }[] {
  if (tls === null) return []
  const authorities = { path: paths.nodeAuthorities, content: tls.authorities }
  if (tls.client === null) return [authorities]
  const content = `${tls.client.certificate}\n${tls.client.key.reveal()}`
  return [authorities, { path: paths.nodeCertificate, content }]
}

/** Connections of whoever administers it; far more than there are daemons, for those that only try. */
const adminClientsMax = 64

/** Clients never leave the admin port without a place. */
function globalConnectionsMax({ clientsMax }: GatewayConfig): number {
  return clientsMax + 2 * adminClientsMax + 16
}

function renderConfig(config: GatewayConfig, layout: GatewayLayout): string {
  const { flotilla, clientsMax, nodes } = config
  const paths = gatewayPaths(layout)
  const bind = (port: number): string => `  bind ${layout.host ?? ''}:${port}`
  return `${[
    `# The gateway of the flotilla ${flotilla}. Written by Flotilla: what is changed here is lost.`,
    'global',
    `  description ${digestMark}`,
    `  maxconn ${globalConnectionsMax(config)}`,
    // An order to end that waits for clients of Redis would wait for ever.
    '  hard-stop-after 500ms',
    `  stats socket ${paths.adminSocket} mode 600 level admin`,
    '  stats timeout 1d',
    '  log stdout format raw daemon notice',
    `  lua-load ${paths.lua}`,
    '',
    'defaults',
    '  mode tcp',
    // A connect that falls into a change fails at once: the client's own next try comes sooner than ours
    // would.
    '  retries 0',
    '  timeout connect 200ms',
    // Clients of Redis keep connections that say nothing for days; TCP finds the dead ones.
    '  timeout client 24d',
    '  timeout server 24d',
    '  timeout client-fin 1s',
    '  timeout server-fin 1s',
    '  option clitcpka',
    '  clitcpka-idle 60s',
    '  clitcpka-intvl 15s',
    '  clitcpka-cnt 4',
    '  option srvtcpka',
    '  srvtcpka-idle 60s',
    '  srvtcpka-intvl 15s',
    '  srvtcpka-cnt 4',
    '',
    ...portSections('master', bind(layout.ports.master), clientsMax),
    '',
    ...portSections('replicas', bind(layout.ports.replicas), clientsMax),
    '  balance leastconn',
    '',
    '# HAProxy 2.6 takes "ssl" on a stats socket, and then answers anybody in plain text. So it is a socket in here,',
    '# and this port asks for a certificate first.',
    'listen admin',
    `${bind(layout.ports.admin)} ssl crt ${paths.certificate} ca-file ${paths.authorities} verify required ssl-min-ver TLSv1.2 no-tls-tickets`,
    `  maxconn ${adminClientsMax}`,
    // Asked every few seconds by who has a right to be here.
    '  timeout client 60s',
    '  timeout server 60s',
    `  server cli unix@${paths.adminSocket}`,
    ...(nodes.tls === null ? [] : checkSection(paths, nodes.tls)),
  ].join('\n')}\n`
}

/**
 * Clients that come during a failover wait in two steps. HAProxy loses a wake-up of Lua's that is due
 * already as it is noted down (`tcp_inspect_request` in src/tcp_rules.c, 2.6 to 3.2; one in four of 1 ms,
 * one in a hundred of 5 ms on a busy machine), and then wakes at the end of the step. So the first is as
 * short as most failovers.
 */
const waits = { first: '100ms', second: '900ms' }

function portSections(port: 'master' | 'replicas', bind: string, clientsMax: number): readonly string[] {
  const wait = (delay: string): readonly string[] => [
    `  tcp-request inspect-delay ${delay}`,
    `  tcp-request content lua.wait_for_${port} if { nbsrv(${port}) eq 0 }`,
  ]
  return [
    `frontend ${port}`,
    bind,
    `  maxconn ${Math.floor(clientsMax / 2)}`,
    ...wait(waits.first),
    `  default_backend ${port}`,
    '',
    `backend ${port}`,
    ...wait(waits.second),
    `  server-template node- 0-${gatewaySlots - 1} 127.0.0.1:1 disabled`,
  ]
}

/** Lua's own sockets can't check whom they speak to, so it speaks to this one. */
function checkSection(paths: ReturnType<typeof gatewayPaths>, tls: NodeTls): readonly string[] {
  const certificate = tls.client === null ? '' : ` crt ${paths.nodeCertificate}`
  return [
    '',
    '# By which it asks a node who it is, after a restart.',
    'listen check',
    `  bind unix@${paths.checkSocket} mode 600`,
    `  server node 127.0.0.1:1 disabled ssl verify required ca-file ${paths.nodeAuthorities} verifyhost ${tls.serverName}${certificate}`,
  ]
}
