import { readDesired } from '../session/manifest-source.js'
import { masterName, networkName, nodeAlias, redisPort } from '../model/names.js'
import { tlsPort } from '../redis/tls.js'
import { openStore } from '../session/open-store.js'
import { selectFlotilla } from '../session/manifests.js'
import type { Paths } from '../session/open-store.js'

export interface HaproxyOptions {
  /** Where HAProxy is to listen for who writes, and for who only reads. */
  readonly masterPort: number
  readonly replicasPort: number
  /** The most that a replica may be behind, as the role endpoint takes it; null for any that is in sync. */
  readonly lag: string | null
  /** The daemon's socket, as HAProxy sees it. */
  readonly socket: string
}

/**
 * A configuration of HAProxy for a flotilla: the nodes of its manifest and those that it is known to have.
 * Asks no engine.
 */
export async function haproxyText(paths: Paths, name: string, options: HaproxyOptions): Promise<string> {
  const store = await openStore(paths)
  const { desired } = await readDesired(paths.manifests, store)
  const { spec } = selectFlotilla(desired, name, paths.manifests)
  const known = (await store.peekMemory(name))?.nodes.map(node => node.ordinal) ?? []
  const wanted = Array.from({ length: spec.replicas + 1 }, (_, ordinal) => ordinal)
  const ordinals = [...new Set([...wanted, ...known])].sort((a, b) => a - b)
  return renderHaproxy(name, ordinals, { ...options, encrypted: spec.tls.mode !== 'off' })
}

export function renderHaproxy(
  flotilla: string,
  ordinals: readonly number[],
  options: HaproxyOptions & { readonly encrypted: boolean },
): string {
  const { masterPort, replicasPort, lag, socket } = options
  const port = options.encrypted ? tlsPort : redisPort
  const nodes = ordinals.map(
    ordinal => `  server ${nodeAlias(flotilla, ordinal)} ${nodeAlias(flotilla, ordinal)}:${port} check`,
  )
  const replicaQuery = lag === null ? '' : `?lag=${lag}`
  return `${[
    ...head(flotilla, options),
    ...daemonSection(socket),
    '',
    `# Who writes: the node whose role endpoint answers 200.`,
    ...roleSection(`${flotilla}-master`, masterPort, `/flotillas/${flotilla}/nodes/%[srv_name]/master`),
    '  # HAProxy takes a server for up until its first check. There is only one master, so nobody is let in before that is so.',
    `  tcp-request connection reject if { nbsrv(${flotilla}-master) gt 1 }`,
    ...nodes,
    ...byName(flotilla, port),
    '',
    '# Who only reads: the replicas in sync, the one with the fewest connections first.',
    ...roleSection(
      `${flotilla}-replicas`,
      replicasPort,
      `/flotillas/${flotilla}/nodes/%[srv_name]/replica${replicaQuery}`,
    ),
    '  balance leastconn',
    ...nodes,
    ...byName(flotilla, port),
  ].join('\n')}\n`
}

function head(
  flotilla: string,
  { masterPort, replicasPort, socket, encrypted }: HaproxyOptions & { readonly encrypted: boolean },
): readonly string[] {
  const network = networkName(flotilla)
  const folder = socket.slice(0, socket.lastIndexOf('/'))
  return [
    `# HAProxy (2.4 or newer) for the flotilla ${flotilla}. Printed by: flotilla haproxy ${flotilla}`,
    `# It runs in a container on the network ${network}, where the nodes have names, whatever their addresses become:`,
    `#   docker run -d --name ${flotilla}-haproxy --restart unless-stopped --network ${network} --dns-opt ndots:1 \\`,
    `#     -p 127.0.0.1:${masterPort}:${masterPort} -p 127.0.0.1:${replicasPort}:${replicasPort} \\`,
    `#     -v ./haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro -v ${folder}:${folder} haproxy:lts`,
    `# The daemon answers there with: flotilla run --http 127.0.0.1:8379,unix:${socket}`,
    ...(encrypted
      ? [
          '# TLS is passed through: clients shake hands with the node itself, and find the name localhost in its certificate. HAProxy has no key.',
        ]
      : []),
    '# After scaling up, print it again and reload HAProxy (docker kill -s USR2).',
    '',
    'global',
    '  maxconn 4000',
    '',
    'defaults',
    '  mode tcp',
    '  maxconn 4000',
    '  option clitcpka',
    '  option srvtcpka',
    '  timeout connect 2s',
    '  timeout check 2s',
    '  # Connections of a pool may be idle for long; TCP keep-alive finds those that are dead.',
    '  timeout client 24h',
    '  timeout server 24h',
    '  # A node that has lost its role loses its connections, so that clients come back and reach the right one.',
    '  default-server addr 127.0.0.1 port 8379 inter 500ms fall 1 rise 1 on-marked-down shutdown-sessions resolvers docker resolve-prefer ipv4 init-addr none',
    '',
    "# Docker's own DNS, in every container on a network of a user's.",
    'resolvers docker',
    '  nameserver docker 127.0.0.11:53',
    '  resolve_retries 3',
    '  timeout resolve 500ms',
    '  timeout retry 500ms',
    '  hold valid 500ms',
    '',
  ]
}

/**
 * Checks can go to a port only, so the socket is made one. While the daemon is away every check is answered
 * with 404, which means (disable-on-404): keep the connections that there are, and send new ones to the
 * spare, whose name is the role.
 */
function daemonSection(socket: string): readonly string[] {
  return [
    '# The daemon. While it does not answer, checks get 404: connections are kept, and new ones go by the name.',
    'listen flotilla',
    '  mode http',
    '  bind 127.0.0.1:8379',
    '  timeout client 10s',
    '  timeout server 10s',
    '  http-after-response set-status 404 unless { res.hdr(content-type) -m beg application/ }',
    `  server daemon unix@${socket}`,
  ]
}

function roleSection(section: string, port: number, uri: string): readonly string[] {
  return [
    `listen ${section}`,
    `  bind :${port}`,
    '  option httpchk',
    `  http-check send meth GET uri-lf ${uri}`,
    '  http-check expect status 200',
    '  http-check disable-on-404',
  ]
}

function byName(flotilla: string, port: number): readonly string[] {
  return [`  server by-name ${masterName(flotilla)}:${port} backup`]
}
