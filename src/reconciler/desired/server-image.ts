import { configFilePath } from '../../redis/config.js'
import { whyNotSupported } from '../../redis/rdb-format.js'
import { fallbackImageLabel } from '../../runtime/labels.js'
import type { ContainerSpec, ImageFacts } from '../../model/engine.js'
import type { ContainerSettings, FlotillaSpec } from '../../model/spec.js'

/** Of an image that says nothing else, and what the spec hash stands for in any case. */
export const defaultServerCommand: readonly string[] = ['redis-server', configFilePath]

/** uid 999 is `redis` in the official images of Redis, and `valkey` in Valkey's. */
const fallbackUid = 999

/**
 * What a container of this image is to run. An image names its server itself, and its entrypoint may go by
 * that name: the one of the official Valkey images gives up root for `valkey-server` alone. Where the
 * entrypoint is the server already, only its file is left to be said.
 */
export function serverCommand(image: Pick<ImageFacts, 'entrypoint' | 'command'> | null): readonly string[] {
  const [program] = image?.command ?? []
  if (program !== undefined && isServer(program)) return [program, configFilePath]
  const started = image?.entrypoint.at(-1)
  return started !== undefined && isServer(started) ? [configFilePath] : defaultServerCommand
}

function isServer(program: string): boolean {
  return /^(.*\/)?(redis|valkey)-server$/.test(program)
}

/**
 * Whom files of a node must belong to, where the image alone tells: it names its user by number. Null where
 * the container's own list of users has to be asked.
 */
export function numericUid({ user }: Pick<ImageFacts, 'user'>): number | null {
  const uid = Number(/^\d+(?=$|:)/.exec(user)?.[0] ?? 0)
  return uid === 0 ? null : uid
}

/**
 * As whom a server of this image runs. One that begins as root gives that up for the user that is called as
 * the server is.
 */
export function serverUser(image: Pick<ImageFacts, 'user'>, passwd: string | null): number {
  const names = beginsAsRoot(image) ? ['redis', 'valkey'] : [userNameOf(image.user)]
  return (
    numericUid(image) ?? names.map(one => uidInPasswd(passwd, one)).find(uid => uid !== null) ?? fallbackUid
  )
}

/**
 * What an entrypoint that begins as root needs to put files of another user right (CHOWN, DAC_OVERRIDE,
 * FOWNER), to become the server's user without a way back (SETUID, SETGID, SETPCAP) and, where it stays in
 * front of the server, to pass a signal on to it (KILL). Becoming that user, the server loses them all.
 */
const rootCapabilities: readonly string[] = [
  ...['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'SETGID', 'SETPCAP', 'SETUID'],
]

/**
 * What a container of this image gets beside what Flotilla owns: of what Linux keeps for root what the image
 * needs, Redis itself needing nothing, and what the manifest asks for.
 */
export function containerSettings(
  { container }: Pick<FlotillaSpec, 'container'>,
  image: Pick<ImageFacts, 'user'> | null,
): Omit<ContainerSettings, 'capAdd' | 'stopTimeoutSeconds'> & Pick<ContainerSpec, 'capabilities'> {
  const { capAdd, stopTimeoutSeconds: _ofDesired, ...settings } = container
  const needed = image === null || beginsAsRoot(image) ? rootCapabilities : []
  return { ...settings, capabilities: [...new Set([...needed, ...capAdd])] }
}

function beginsAsRoot({ user }: Pick<ImageFacts, 'user'>): boolean {
  return ['', '0', 'root'].includes(userNameOf(user))
}

function userNameOf(user: string): string {
  return user.split(':')[0] ?? ''
}

/** As whom the engine runs a command in a container of this image. */
export function execUser(image: Pick<ImageFacts, 'user'>, passwd: string | null): number {
  return numericUid(image) ?? uidInPasswd(passwd, userNameOf(image.user)) ?? 0
}

/** From a text like /etc/passwd: `redis:x:999:1000::/home/redis:/bin/sh`. */
function uidInPasswd(passwd: string | null, name: string): number | null {
  const line = passwd?.split('\n').find(one => one.startsWith(`${name}:`))
  const uid = line?.split(':')[2] ?? ''
  return name !== '' && /^\d+$/.test(uid) ? Number(uid) : null
}

/**
 * Why no node can be made of this image, by its own words: the official images say in their environment which
 * version they hold. Null where nothing speaks against it, or the image does not say; then its server does,
 * once it runs.
 */
export function whyImageRefused(image: Pick<ImageFacts, 'environment' | 'labels'>): string | null {
  const named = [...image.environment, image.labels[fallbackImageLabel] ?? '']
  for (const words of named) {
    const [, product = '', version = ''] = /^(redis|valkey)(?:_VERSION=| )(\d+\.\d+\S*)/i.exec(words) ?? []
    if (version === '') continue
    const reason = whyNotSupported({
      flavour: product.toLowerCase() === 'valkey' ? 'valkey' : 'redis',
      version,
    })
    if (reason !== null) return reason
  }
  return null
}
