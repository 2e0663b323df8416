import { readDesired } from '../session/manifest-source.js'
import type { DefaultUserAccess, FlotillaSpec } from '../model/spec.js'
import { renderListenAddress } from '../listen-address.js'
import { gatewayName, masterName, networkName, redisPort } from '../model/names.js'
import { applicationUser } from '../model/acl-user.js'
import { tlsPort } from '../redis/tls.js'
import { statusNow } from './observe-once.js'
import { readSentinelState } from './sentinel-state.js'
import { selectFlotilla } from '../session/manifests.js'
import type { Paths } from '../session/open-store.js'
import { openSession, type Environment, type Session } from '../session/session.js'

/**
 * How a client gets in. The password stays in its file: a URL ends up in histories, logs and process lists.
 */
export async function connectText(request: {
  readonly paths: Paths
  readonly env: Environment
  readonly name: string
  readonly format: 'text' | 'json'
  readonly showPassword: boolean
}): Promise<string> {
  const { paths, env, name, format, showPassword } = request
  const session = await openSession(paths, env)
  try {
    const { desired } = await readDesired(paths.manifests, session.store)
    const { spec } = selectFlotilla(desired, name, paths.manifests)
    const status = await statusNow(session, spec)
    const master = status.nodes.find(node => node.role === 'master' && node.health === 'online')
    const encrypted = spec.tls.mode !== 'off'
    const scheme = encrypted ? 'rediss' : 'redis'
    const { defaultUser } = spec.auth
    const needsPassword = defaultUser !== 'off' && spec.auth.kind !== 'none'
    const { listening } = await readSentinelState(session.store.directory)
    const facts = {
      /** One address for every client, in a container and outside; null where none is asked for. */
      gateway: gatewayUrls(spec),
      url: `${scheme}://${masterName(name)}:${encrypted ? tlsPort : redisPort}`,
      network: networkName(name),
      fromHost: master?.address === null || master === undefined ? null : `${scheme}://${master.address}`,
      tls: encrypted
        ? {
            caFile: session.store.certificates.caCertPath(name),
            serverName: masterName(name),
            clientAuth: spec.tls.clientAuth,
          }
        : null,
      /** For clients that ask Redis Sentinels; null where the daemon does not answer them. */
      sentinel: listening.length === 0 ? null : { masterSet: name, addresses: listening },
      user: needsPassword ? applicationUser : null,
      passwordFile: needsPassword ? session.store.passwordPath(name) : null,
      ...(showPassword ? { password: await passwordOf(session, name) } : {}),
      defaultUser,
      users: spec.auth.users.map(user => ({
        user: user.name,
        rules: user.rules,
        passwordFile: user.password.kind === 'none' ? null : session.store.passwordPath(name, user.name),
      })),
    }
    if (format === 'json') return `${JSON.stringify(facts, null, 2)}\n`
    const lines = [
      ...gatewayLines(facts.gateway, facts.network),
      facts.url,
      `  from a container on the network ${facts.network} (docker run --network ${facts.network} …)`,
      facts.fromHost === null
        ? `  from this host: no master at the moment; see: flotilla status ${name}`
        : `  from this host, until the master changes: ${facts.fromHost}`,
      ...tlsLines(spec, facts.tls),
      ...(spec.tls.mode === 'prefer'
        ? [`  not encrypted, for clients that can't be yet: redis://${masterName(name)}:${redisPort}`]
        : []),
      ...listening.map(
        ({ address, password }) =>
          `  as of a Redis Sentinel: ${address}, master set ${name}, ${password ? 'with the password of --sentinel-password-file' : 'no password'} (docs/clients.md)`,
      ),
      defaultLine(defaultUser, facts.passwordFile),
      ...(facts.password === undefined || facts.password === null ? [] : [`  password ${facts.password}`]),
      ...facts.users.map(({ user, rules, passwordFile }) => {
        const login = passwordFile === null ? 'no password' : `password in ${passwordFile}`
        return `  user ${user} (${rules}), ${login}`
      }),
    ]
    return `${lines.join('\n')}\n`
  } finally {
    session.close()
  }
}

/** Null where nobody needs one. Asked for by a person, and told nobody else. */
async function passwordOf({ store }: Session, name: string): Promise<string | null> {
  const keyring = await store.loadKeyring(name)
  const keys = keyring?.users.find(one => one.user === applicationUser)
  return keys?.current.secret?.reveal() ?? null
}

function tlsLines(
  { name, tls: { clientAuth, certificates } }: FlotillaSpec,
  facts: { readonly caFile: string; readonly serverName: string } | null,
): readonly string[] {
  if (facts === null) return []
  const { caFile, serverName } = facts
  const trust = `  TLS: trust the authorities in ${caFile}, and expect the name ${serverName} (also from this host)`
  if (clientAuth === 'none') return [trust]
  const signed =
    certificates.kind === 'files'
      ? `signed by an authority in ${certificates.caFile}`
      : `made with: flotilla certificate issue ${name} --client app`
  return [trust, `  TLS: show a certificate${clientAuth === 'optional' ? ', or none' : ''}, ${signed}`]
}

interface GatewayUrls {
  readonly url: string
  readonly replicasUrl: string | null
  readonly inDocker: string
}

function gatewayUrls({ name, gateway, tls }: FlotillaSpec): GatewayUrls | null {
  if (gateway === null) return null
  const { master, replicas } = gateway
  const scheme = tls.mode === 'require' ? 'rediss' : 'redis'
  return {
    url: `${scheme}://${renderListenAddress(master)}`,
    replicasUrl: replicas === null ? null : `${scheme}://${renderListenAddress(replicas)}`,
    inDocker: `${scheme}://${gatewayName(name)}:${redisPort}`,
  }
}

function gatewayLines(gateway: GatewayUrls | null, network: string): readonly string[] {
  if (gateway === null) return []
  return [
    gateway.url,
    '  through the gateway, which leads to the master whoever that is',
    ...(gateway.replicasUrl === null ? [] : [`  to read from replicas: ${gateway.replicasUrl}`]),
    `  from a container on the network ${network}: ${gateway.inDocker}`,
  ]
}

function defaultLine(access: DefaultUserAccess, passwordFile: string | null): string {
  if (access === 'off') return '  user default is off: log in as one of these'
  return passwordFile === null ? '  no password (auth: none)' : `  user default, password in ${passwordFile}`
}
