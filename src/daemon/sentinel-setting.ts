import { FlotillaError } from '../errors.js'
import { Secret } from '../secret.js'
import { readAnySecretFile } from '../secret-files.js'
import { parseListenAddress, type ListenAddress } from '../listen-address.js'

/** The options of `flotilla run` that are about the Sentinel protocol, as they were typed. */
export interface SentinelFlags {
  /** Each may be several with commas between; absent: it is not spoken. */
  readonly sentinel?: readonly string[]
  readonly sentinelPasswordFile?: string
}

/** What `flotilla run` was told of the Sentinel protocol. */
export interface SentinelSetting {
  /** None: it is not spoken. */
  readonly addresses: readonly ListenAddress[]
  /** What clients log in with; null: nobody has to. */
  readonly password: Secret | null
}

/** @throws FlotillaError usage/invalid */
export async function readSentinelSetting({
  sentinel = [],
  sentinelPasswordFile: path,
}: SentinelFlags): Promise<SentinelSetting> {
  const texts = sentinel.flatMap(text => text.split(',')).map(text => text.trim())
  const addresses = texts.filter(text => text !== '' && text !== 'off').map(parseAddress)
  return { addresses, password: path === undefined ? null : await readPassword(path) }
}

function parseAddress(text: string): ListenAddress {
  const address = parseListenAddress(text.replace(/^localhost:/, '127.0.0.1:'))
  if (address !== null) return address
  throw new FlotillaError('usage/invalid', `--sentinel ${text}: that is no address`, {
    hint: 'Give an IP address and a port (127.0.0.1:26379), several with commas between.',
  })
}

async function readPassword(path: string): Promise<Secret> {
  const found = await readAnySecretFile(path)
  if (found.kind === 'refused') throw badPassword(path, found.reason)
  const text = found.bytes.toString('utf8').replace(/\r?\n$/, '')
  if (text === '' || /\p{Cc}/u.test(text)) throw badPassword(path, 'holds no password in one line')
  return new Secret(text)
}

function badPassword(path: string, reason: string): FlotillaError {
  return new FlotillaError('usage/invalid', `--sentinel-password-file: ${path} ${reason}`, {
    hint: 'Make one: (umask 077; openssl rand -base64 24 > sentinel.password)',
  })
}
