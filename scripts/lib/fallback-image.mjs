import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { basename } from 'node:path'
import { distributionName, installMissing, isDebianLike, pathOf } from './debian.mjs'
import { callEngine } from './engine-http.mjs'
import { parseImageReference } from './image-reference.mjs'
import { SetupError } from './log.mjs'
import { packTar } from './tar.mjs'

/** @typedef {import('./tar.mjs').TarEntry} TarEntry */

/** The official image's uid and gid, so that a volume filled by one can be read by the other. */
const redisUser = 999

const applets =
  'sh cat chmod chown cp date env false find grep head hostname id kill ls mkdir mv nslookup ping ps pwd rm sleep sync tail test timeout top touch true wc'

/**
 * Builds an image from the distribution's own Redis and imports it under the reference that was asked for.
 * What is really in it is in its label io.flotilla.stand-in.
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
  installMissing(['redis-cli', 'busybox'])
  const content = describeRedis()
  await importServerImage(engine, { reference, content, archive: packTar(rootFileSystem()) })
  return content
}

/**
 * Makes an image of a root file system with a redis-server in it.
 * @param {import('./engine-http.mjs').EngineAddress} engine
 * @param {{ readonly reference: string, readonly content: string, readonly archive: Buffer }} image
 * `content`: what is in it, in words
 */
export async function importServerImage(engine, { reference, content, archive }) {
  const { repository, tag } = parseImageReference(reference)
  const query = new URLSearchParams({ fromSrc: '-', repo: repository, tag, message: content })
  const changes = [
    'CMD ["redis-server"]',
    'EXPOSE 6379',
    'WORKDIR /data',
    `USER ${redisUser}:${redisUser}`,
    'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    `LABEL io.flotilla.stand-in="${content}"`,
  ]
  for (const change of changes) query.append('changes', change)
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

/** @returns {readonly TarEntry[]} */
function rootFileSystem() {
  const busybox = pathOf('busybox') ?? '/bin/busybox'
  const client = pathOf('redis-cli') ?? '/usr/bin/redis-cli'
  const programs = [
    ...[file('usr/bin/redis-server', serverBinary()), file('usr/bin/redis-cli', client)],
    ...[link('usr/bin/redis-check-aof', 'redis-server'), link('usr/bin/redis-check-rdb', 'redis-server')],
    ...[link('usr/bin/redis-sentinel', 'redis-server'), file('bin/busybox', busybox)],
    ...applets.split(' ').map(applet => link(`bin/${applet}`, 'busybox')),
  ]
  const libraries = new Set([serverBinary(), client, busybox].flatMap(librariesOf))
  const folders = [
    'bin',
    'etc',
    'usr',
    'usr/bin',
    'usr/local',
    'usr/local/bin',
    'proc',
    'sys',
    'dev',
    'run',
    'var',
  ]
  return [
    ...folders.map(path => folder(path)),
    { path: 'tmp/', kind: 'folder', mode: 0o1777 },
    { path: 'data/', kind: 'folder', owner: redisUser },
    text('etc/passwd', `root:x:0:0:root:/root:/bin/sh\nredis:x:${redisUser}:${redisUser}::/data:/bin/sh\n`),
    text('etc/group', `root:x:0:\nredis:x:${redisUser}:\n`),
    text('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
    ...programs,
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
