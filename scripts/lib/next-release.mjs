import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installMissing, isDebianLike, pathOf } from './debian.mjs'
import { logStep, SetupError } from './log.mjs'

/**
 * A Redis that is newer than this machine's own: that of Debian 13, unpacked into a folder of its own.
 * Nothing of it is installed: its packages are fetched by an apt with lists, cache and status of its own.
 */
const release = 'trixie'
const mirror = 'http://deb.debian.org/debian'
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** What a running server has no use for. */
const leftOut = ['usr/share', 'var', 'etc']

/**
 * @param {string} archive where the root file system is to be, as a tar file; made once and kept
 * @returns {void}
 */
export function fetchNextRelease(archive) {
  if (existsSync(archive)) return
  if (!isDebianLike() || process.getuid?.() !== 0 || !existsSync(keyring)) {
    throw new SetupError(
      'a newer Redis can be had only as root on Debian, from the packages of its next release',
      'On an engine that can pull images the official ones are used instead.',
    )
  }
  installMissing(['busybox'])
  logStep(`fetching the Redis of Debian's ${release} (some 35 MB; kept in ${archive})`)
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-next-release-'))
  try {
    pack(unpack(download(folder), join(folder, 'root')), archive)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {string} folder @returns {readonly string[]} the packages' files */
function download(folder) {
  const places = ['etc', 'state/lists/partial', 'cache/archives/partial']
  for (const place of places) mkdirSync(join(folder, place), { recursive: true })
  writeFileSync(join(folder, 'etc/sources.list'), `deb [signed-by=${keyring}] ${mirror} ${release} main\n`)
  // Where nothing is installed, apt fetches all that the server needs.
  writeFileSync(join(folder, 'state/status'), '')
  const options = [
    `Dir::Etc::sourcelist=${join(folder, 'etc/sources.list')}`,
    `Dir::Etc::sourceparts=-`,
    `Dir::Etc::preferencesparts=-`,
    `Dir::State=${join(folder, 'state')}`,
    `Dir::State::status=${join(folder, 'state/status')}`,
    `Dir::Cache=${join(folder, 'cache')}`,
    'APT::Sandbox::User=root',
  ].flatMap(option => ['-o', option])
  run('apt-get', [...options, 'update', '-qq'])
  run('apt-get', [
    ...options,
    'install',
    '-qq',
    '-y',
    '--download-only',
    '--no-install-recommends',
    'redis-tools',
  ])
  const archives = join(folder, 'cache/archives')
  return readdirSync(archives)
    .filter(name => name.endsWith('.deb'))
    .map(name => join(archives, name))
}

/** @param {readonly string[]} packages @param {string} root */
function unpack(packages, root) {
  // Files lie in /usr only; the old places are links, as on a system that is installed.
  for (const place of ['usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64'])
    mkdirSync(join(root, place), { recursive: true })
  for (const place of ['bin', 'sbin', 'lib', 'lib64']) run('ln', ['-s', `usr/${place}`, join(root, place)])
  for (const file of packages)
    run('sh', [
      '-c',
      'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"',
      'sh',
      file,
      root,
    ])
  for (const place of leftOut) rmSync(join(root, place), { recursive: true, force: true })
  // redis-tools has the one binary that is server, client-side checker and Sentinel; its name decides which.
  run('ln', ['-sf', 'redis-check-rdb', join(root, 'usr/bin/redis-server')])
  copyFileSync(pathOf('busybox') ?? '/bin/busybox', join(root, 'usr/bin/busybox'))
  run('chroot', [root, '/usr/bin/busybox', '--install', '-s', '/usr/bin'])
  for (const place of ['etc', 'proc', 'sys', 'dev', 'run', 'tmp', 'data']) mkdirSync(join(root, place))
  run('chmod', ['1777', join(root, 'tmp')])
  run('chown', ['999:999', join(root, 'data')])
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nredis:x:999:999::/data:/bin/sh\n')
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nredis:x:999:\n')
  writeFileSync(join(root, 'etc/nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n')
  return root
}

/** @param {string} root @param {string} archive */
function pack(root, archive) {
  mkdirSync(join(archive, '..'), { recursive: true })
  run('tar', ['-c', '-f', `${archive}.part`, '-C', root, '.'])
  run('mv', [`${archive}.part`, archive])
}

/** @param {string} program @param {readonly string[]} args */
function run(program, args) {
  const { status, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    timeout: 600_000,
  })
  if (status !== 0)
    throw new SetupError(
      `${program} failed: ${(stderr ?? '').trim().split('\n').slice(-3).join('; ')}`,
      'A newer Redis is fetched from deb.debian.org; look whether that can be reached.',
    )
}
