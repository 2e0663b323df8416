import type { TransportFacts } from '../model/redis.js'

/**
 * Where nodes listen for TLS, in either mode: a client's address does not change when `prefer` becomes
 * `require`.
 */
export const tlsPort = 6380

/** What makes a Redis speak TLS, wherever its files are. */
export interface TlsLayout {
  readonly tlsPort: number
  readonly folder: string
}

/** In a container of ours. */
export const containerTlsLayout: TlsLayout = { tlsPort, folder: '/etc/flotilla/tls' }

/**
 * Certificate and key in one file: they are loaded together or not at all. Its name never changes, so that a
 * container that is started by hand has the latest.
 */
export function certificatePath({ folder }: TlsLayout): string {
  return `${folder}/node.pem`
}

/**
 * The file of authorities is named after all that the node is to have. Giving Redis this one name makes it
 * load everything again, certificate and key too, with one option, which even 6.2 can set at once; and the
 * node itself can say what it has loaded.
 */
export function authoritiesPath({ folder }: TlsLayout, fingerprint: string): string {
  return `${folder}/ca-${fingerprint}.crt`
}

/** The same authorities under a name that stays, for programs that are run inside the node. */
export function caCertPath({ folder }: TlsLayout): string {
  return `${folder}/ca.crt`
}

/**
 * The options of redis.conf and of CONFIG SET, in an order that also a server that takes them one by one
 * accepts: the port last.
 */
export function tlsOptions(
  fingerprint: string,
  layout: TlsLayout,
  clientAuth: 'none' | 'optional' | 'require' = 'none',
): Readonly<Record<string, string>> {
  return {
    'tls-cert-file': certificatePath(layout),
    'tls-key-file': certificatePath(layout),
    'tls-ca-cert-file': authoritiesPath(layout, fingerprint),
    [clientAuthOption]: clientAuthValues[clientAuth],
    'tls-port': String(layout.tlsPort),
  }
}

export const clientAuthOption = 'tls-auth-clients'

/** `none`: who a client is, its password says; a certificate would have to be handed out to each. */
export const clientAuthValues = { none: 'no', optional: 'optional', require: 'yes' } as const

/**
 * What a certificate of a master has to be good for besides being from the right authority: an option of
 * Redis since 8.10 for its own connections to other servers, which looks at them when they are made. Who has
 * no such option is not asked for it.
 */
export const expectedNameOption = 'tls-expected-peer-name'

/** Asks a node how it is connected; three questions, because 6.2 takes one pattern at a time. */
export const transportQuestions: readonly (readonly string[])[] = [
  ['CONFIG', 'GET', '*port'],
  ['CONFIG', 'GET', 'tls-replication'],
  ['CONFIG', 'GET', 'tls-ca-cert-file'],
]

/** Reads the answers to {@link transportQuestions}; null when they are not what CONFIG GET says. */
export function parseTransport(answers: readonly unknown[]): TransportFacts | null {
  const options = new Map<string, string>()
  for (const answer of answers) {
    if (!Array.isArray(answer)) return null
    for (let index = 0; index + 1 < answer.length; index += 2)
      options.set(String(answer[index]), String(answer[index + 1]))
  }
  const plain = options.get('port')
  if (plain === undefined) return null
  const encrypted = options.get('tls-port')
  return {
    plainPort: Number(plain),
    tlsPort: encrypted === undefined ? null : Number(encrypted),
    fingerprint: /\/ca-([0-9a-f]{16})\.crt$/.exec(options.get('tls-ca-cert-file') ?? '')?.[1] ?? null,
    encryptsReplication: options.get('tls-replication') === 'yes',
  }
}
