import type { VolumeSettings } from './spec.js'
import { fillTemplate, type TemplateNode } from './template.js'

/**
 * Where the data of a volume really is, as far as the options of its driver say. Two volumes can be one
 * folder under two names: two servers in it overwrite each other's files, and whatever archives the data of
 * one takes that of the other away.
 */
export interface VolumeLocation {
  /**
   * Whose file system: empty for that of the engine's host, else a file server, or the driver that alone
   * understands its options.
   */
  readonly host: string
  /** On it; may hold others, as folders do. */
  readonly path: string
}

/** How a volume is, or is to be, made. */
export type VolumeDriver = Pick<VolumeSettings, 'driver' | 'options'>

/**
 * The place of this node's volume where one is made as the manifest asks; null where the driver finds one of
 * its own for each volume.
 */
export function nodeLocation(volume: VolumeDriver, node: TemplateNode): VolumeLocation | null {
  return locationOf({ driver: volume.driver, options: volumeOptions(volume, node) })
}

/** The options of this node's volume. */
export function volumeOptions(volume: VolumeDriver, node: TemplateNode): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(volume.options).map(([key, value]) => [key, fillTemplate(value, node)]),
  )
}

/** Null where each volume has a place of its own, or the options do not tell. */
export function locationOf({ driver, options }: VolumeDriver): VolumeLocation | null {
  if (driver !== 'local') return pluginLocation(driver, options)
  const { type = '', device = '', o = '' } = options
  const mount = mountOptions(o)
  switch (type) {
    case 'tmpfs':
    case 'ramfs':
      // The device is just a word here: every mount is empty memory of its own.
      return null
    case 'overlay':
      return mount.upperdir === undefined ? null : { host: '', path: cleanPath(mount.upperdir) }
    default:
      return device === '' ? null : deviceLocation(device, mount)
  }
}

/** The same place, or one inside the other. */
export function locationsOverlap(one: VolumeLocation, other: VolumeLocation): boolean {
  return one.host === other.host && (isWithin(one.path, other.path) || isWithin(other.path, one.path))
}

/** As people write it: `/srv/redis`, `10.0.0.5:/redis`. */
export function renderLocation({ host, path }: VolumeLocation): string {
  return host === '' ? path : `${host}:${path}`
}

/** The option that says where the data is, of a volume whose place is known. */
export function locatingOption({ driver, options }: VolumeDriver): string {
  if (driver === 'local') return options.type === 'overlay' ? 'o' : 'device'
  return pluginLocationOptionsIn(options)[0] ?? 'device'
}

/**
 * What plugins call it (local-persist, sshfs, netshare, CIFS, NFS, rclone). What else they are told, such as
 * a size, says nothing of where the data is.
 */
const pluginLocationOptions = [
  'device',
  'mountpoint',
  'share',
  'sshcmd',
  'source',
  'path',
  'remote',
  'subpath',
]

function pluginLocationOptionsIn(options: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(options).filter(key => pluginLocationOptions.includes(key.toLowerCase()))
}

function pluginLocation(driver: string, options: Readonly<Record<string, string>>): VolumeLocation | null {
  const optionNames = pluginLocationOptionsIn(options)
  if (optionNames.length === 0) return null
  const locations = optionNames.toSorted().map(key => options[key] ?? '')
  return { host: driver, path: locations.map(cleanPath).join(' ') }
}

/**
 * `addr=10.0.0.5` names the server of `:/redis`; `server:/redis` and `//server/share` name their own;
 * `subvol=` is a place within the device.
 */
function deviceLocation(device: string, mount: Readonly<Record<string, string>>): VolumeLocation {
  const [, server, exported] = /^([^/]*):(\/.*)$/.exec(device) ?? /^\/\/([^/]+)(\/.*)$/.exec(device) ?? []
  const subvolume = mount.subvol ?? mount.subvolid
  const path = cleanPath(exported ?? device)
  return {
    host: exported === undefined ? '' : (mount.addr ?? server ?? ''),
    path: subvolume === undefined ? path : `${path}#${subvolume}`,
  }
}

function mountOptions(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split(',').map(part => {
      const [key = '', ...value] = part.split('=')
      return [key.trim(), value.join('=').trim()]
    }),
  )
}

/** Without the dots, doubled and last slashes that make two texts of one path. */
function cleanPath(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return path.startsWith('/') ? `/${parts.join('/')}` : parts.join('/')
}

function isWithin(inner: string, outer: string): boolean {
  return inner === outer || outer === '/' || inner.startsWith(`${outer}/`) || inner.startsWith(`${outer}#`)
}
