import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { basename } from 'node:path'
import { distributionName, installMissing, isDebianLike, pathOf } from './debian.mjs'
import { callEngine } from './engine-http.mjs'
import { parseImageReference } from './image-reference.mjs'
import { SetupError } from './log.mjs'
import { packTar } from './tar.mjs'

/** @typedef {import('./tar.mjs').TarEntry} TarEntry */

/** The official images' uid and gid, so that a volume filled by one can be read by the other. */
const redisUser = 999
const haproxyUser = 99

const applets =
  'sh cat chmod chown cp date env false find grep head hostname id kill ls mkdir mv nslookup ping ps pwd rm sleep sync tail test timeout top touch true wc'

/**
 * @typedef {object} FallbackImage what one is made of
 * @property {readonly import('./debian.mjs').Program[]} programs
 * @property {() => string} describe in words: `Redis 7.0.15 from Debian 12's redis-server package`
 * @property {() => readonly TarEntry[]} rootFileSystem
 * @property {readonly string[]} changes Dockerfile instructions
 */

/** @type {FallbackImage} */
const redisImage = {
  programs: ['redis-cli', 'busybox'],
  describe: describeRedis,
  rootFileSystem: redisFileSystem,
  changes: serverChanges(),
}

/** @type {FallbackImage} */
const haproxyImage = {
  programs: ['haproxy', 'busybox'],
  describe: describeHaproxy,
  rootFileSystem: haproxyFileSystem,
  changes: [
    'CMD ["haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]',
    'WORKDIR /var/lib/haproxy',
    `USER ${haproxyUser}:${haproxyUser}`,
  ],
}

/**
 * Builds an image from the distribution's own Redis or HAProxy, by the name of the image, and imports it
 * under the reference that was asked for. What is really in it is in its label io.flotilla.stand-in.
 * @param {import('./engine-http.mjs').EngineAddress} engine
 * @param {string} reference
 * @returns {Promise<string>} what is in it: `Redis 7.0.15 from Debian 12's redis-tools package`
 */
export async function importFallbackImage(engine, reference) {
  if (!isDebianLike()) {
    throw new SetupError(
      `${reference} can't be pulled, and a fallback image can be built only on Debian and Ubuntu`,
      `Bring the image some other way: docker pull ${reference}, or docker load from a file.`,
    )
  }
  const { programs, describe, rootFileSystem, changes } =
    parseImageReference(reference).repository.split('/').at(-1) === 'haproxy' ? haproxyImage : redisImage
  installMissing(programs)
  const content = describe()
  await importImage(engine, { reference, content, changes, archive: packTar(rootFileSystem()) })
  return content
}

/**
 * Makes an image of a root file system with a redis-server in it.
 * @param {import('./engine-http.mjs').EngineAddress} engine
 * @param {{ readonly reference: string, readonly content: string, readonly archive: Buffer }} image
 * `content`: what is in it, in words
 */
export async function importServerImage(engine, image) {
  await importImage(engine, { ...image, changes: serverChanges() })
}

function serverChanges() {
  return ['CMD ["redis-server"]', 'EXPOSE 6379', 'WORKDIR /data', `USER ${redisUser}:${redisUser}`]
}

/**
 * @param {import('./engine-http.mjs').EngineAddress} engine
 * @param {{ readonly reference: string, readonly content: string, readonly archive: Buffer,
 * readonly changes: readonly string[] }} image
 */
async function importImage(engine, { reference, content, archive, changes }) {
  const { repository, tag } = parseImageReference(reference)
  const query = new URLSearchParams({ fromSrc: '-', repo: repository, tag, message: content })
  const common = [
    'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    `LABEL io.flotilla.stand-in="${content}"`,
  ]
  for (const change of [...changes, ...common]) query.append('changes', change)
  const path = `/images/create?${query.toString()}`
  const { status, body } = await callEngine(engine, {
    method: 'POST',
    path,
    bytes: archive,
    idleMs: 60_000,
  })
  const failure = /"error":"([^"]*)"/.exec(body)?.[1] ?? (status >= 400 ? body : null)
  if (failure !== null) {
    throw new SetupError(
      `the engine refused the fallback image for ${reference}: ${failure}`,
      'Mend that and try again.',
    )
  }
}

/**
 * The redis-tools package holds the one binary that is server, client-side checker and Sentinel; its name
 * decides which.
 */
function serverBinary() {
  return pathOf('redis-server') ?? pathOf('redis-check-rdb') ?? '/usr/bin/redis-check-rdb'
}

function describeRedis() {
  const { stdout } = spawnSync(serverBinary(), ['--version'], { encoding: 'utf8', argv0: 'redis-server' })
  const version = /v=([0-9.]+)/.exec(stdout ?? '')?.[1] ?? 'of unknown version'
  return `Redis ${version} from ${distributionName()}'s redis-server package`
}

function haproxyBinary() {
  return pathOf('haproxy') ?? '/usr/sbin/haproxy'
}

function describeHaproxy() {
  const { stdout } = spawnSync(haproxyBinary(), ['-v'], { encoding: 'utf8' })
  const version = /version (\S+)/.exec(stdout ?? '')?.[1] ?? 'of unknown version'
  return `HAProxy ${version} from ${distributionName()}'s haproxy package`
}

/** @returns {readonly TarEntry[]} */
function redisFileSystem() {
  const client = pathOf('redis-cli') ?? '/usr/bin/redis-cli'
  return fileSystemOf({
    binaries: { 'usr/bin/redis-server': serverBinary(), 'usr/bin/redis-cli': client },
    user: { name: 'redis', id: redisUser, home: 'data' },
    links: ['redis-check-aof', 'redis-check-rdb', 'redis-sentinel'].map(name =>
      link(`usr/bin/${name}`, 'redis-server'),
    ),
  })
}

/** @returns {readonly TarEntry[]} */
function haproxyFileSystem() {
  return fileSystemOf({
    binaries: { 'usr/local/sbin/haproxy': haproxyBinary() },
    user: { name: 'haproxy', id: haproxyUser, home: 'var/lib/haproxy' },
    links: [],
  })
}

/**
 * @param {object} content
 * @param {Readonly<Record<string, string>>} content.binaries path in the image → path here
 * @param {{ readonly name: string, readonly id: number, readonly home: string }} content.user
 * @param {readonly TarEntry[]} content.links
 * @returns {readonly TarEntry[]}
 */
function fileSystemOf({ binaries, user, links }) {
  const busybox = pathOf('busybox') ?? '/bin/busybox'
  const programs = Object.entries({ ...binaries, 'bin/busybox': busybox })
  const libraries = new Set(programs.flatMap(([, source]) => librariesOf(source)))
  const folders = [
    ...['bin', 'etc', 'usr', 'usr/bin', 'usr/local', 'usr/local/bin', 'usr/local/sbin'],
    ...['proc', 'sys', 'dev', 'run', 'var', 'var/lib'],
  ]
  return [
    ...folders.map(path => folder(path)),
    { path: 'tmp/', kind: 'folder', mode: 0o1777 },
    { path: `${user.home}/`, kind: 'folder', owner: user.id },
    text(
      'etc/passwd',
      `root:x:0:0:root:/root:/bin/sh\n${user.name}:x:${user.id}:${user.id}::/${user.home}:/bin/sh\n`,
    ),
    text('etc/group', `root:x:0:\n${user.name}:x:${user.id}:\n`),
    text('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
    ...programs.map(([path, source]) => file(path, source)),
    ...links,
    ...applets.split(' ').map(applet => link(`bin/${applet}`, 'busybox')),
    ...[...libraries].map(path => file(path.slice(1), path)),
  ]
}

/**
 * The shared libraries of a program, the loader, and what libc loads by itself to look names up; none for a
 * static program.
 * @param {string} program
 * @returns {readonly string[]}
 */
function librariesOf(program) {
  const { stdout, status } = spawnSync('ldd', [program], { encoding: 'utf8' })
  if (status !== 0) return []
  const linked = [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(match => match[1] ?? '')
  const libc = linked.find(path => basename(path).startsWith('libc.so'))
  const nameService = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'].map(
    name => `${libc?.slice(0, libc.lastIndexOf('/')) ?? ''}/${name}`,
  )
  return [...linked, ...nameService.filter(path => existsSync(path))]
}

/** @param {string} path @returns {TarEntry} */
function folder(path) {
  return { path: `${path}/`, kind: 'folder' }
}

/** @param {string} path @param {string} target @returns {TarEntry} */
function link(path, target) {
  return { path, kind: 'link', target }
}

/** @param {string} path @param {string} source @returns {TarEntry} */
function file(path, source) {
  return { path, kind: 'file', mode: 0o755, content: readFileSync(realpathSync(source)) }
}

/** @param {string} path @param {string} content @returns {TarEntry} */
function text(path, content) {
  return { path, kind: 'file', content: Buffer.from(content) }
}
