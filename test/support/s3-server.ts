import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/clock.js'
import { Secret } from '../../src/secret.js'
import { S3Client, type S3Options } from '../../src/backup/s3-client.js'
import { freePort } from './free-port.js'
import { until } from './until.js'

/** OpenStack Swift with its S3 API: what hosts of object storage run, as Debian packages it. */
export interface S3Server {
  readonly port: number
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** How to reach a bucket of it, which is made. */
  options(bucket: string): Promise<S3Options>
  stop(): Promise<void>
}

const accessKeyId = 'test:tester'
const secretAccessKey = 'testing'
const startMs = 90_000

/** Why there is none here; false when there can be one. */
export const s3Missing: string | false =
  spawnSync('swift-proxy-server', ['--version']).error === undefined &&
  spawnSync('memcached', ['--version']).error === undefined
    ? false
    : 'Swift is not installed; type: apt-get install --no-install-recommends swift-proxy swift-account swift-container swift-object memcached'

/** One replica of everything on loopback, in a folder of its own. */
export async function startS3Server(): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-s3-'))
  mkdirSync(join(folder, 'disks/d1'), { recursive: true })
  const ports = { proxy: 0, cache: 0, object: 0, container: 0, account: 0 }
  for (const name of Object.keys(ports) as (keyof typeof ports)[]) ports[name] = await freePort()
  write(folder, 'swift.conf', [
    '[swift-hash]',
    'swift_hash_path_prefix = flotilla',
    'swift_hash_path_suffix = test',
    '[storage-policy:0]',
    'name = only',
    'default = yes',
  ])
  const common = [`swift_dir = ${folder}`, 'workers = 0', 'user = root', 'bind_ip = 127.0.0.1']
  for (const name of ['object', 'container', 'account'] as const) {
    buildRing(folder, name, ports[name])
    write(folder, `${name}.conf`, [
      ...['[DEFAULT]', ...common, `bind_port = ${ports[name]}`],
      ...[`devices = ${folder}/disks`, 'mount_check = false', 'disable_fallocate = true'],
      ...['[pipeline:main]', `pipeline = ${name}-server`],
      ...[`[app:${name}-server]`, `use = egg:swift#${name}`],
    ])
  }
  write(folder, 'proxy.conf', [
    ...['[DEFAULT]', ...common, `bind_port = ${ports.proxy}`],
    ...['[pipeline:main]', 'pipeline = catch_errors cache s3api tempauth slo dlo proxy-server'],
    ...['[app:proxy-server]', 'use = egg:swift#proxy', 'account_autocreate = true'],
    ...['[filter:catch_errors]', 'use = egg:swift#catch_errors'],
    ...['[filter:cache]', 'use = egg:swift#memcache', `memcache_servers = 127.0.0.1:${ports.cache}`],
    ...['[filter:s3api]', 'use = egg:swift#s3api', 'location = us-east-1'],
    ...['[filter:tempauth]', 'use = egg:swift#tempauth', 'user_test_tester = testing .admin'],
    ...['[filter:slo]', 'use = egg:swift#slo', '[filter:dlo]', 'use = egg:swift#dlo'],
  ])
  const processes = [
    start('memcached', ['-u', 'nobody', '-l', '127.0.0.1', '-p', String(ports.cache)]),
    ...['object', 'container', 'account', 'proxy'].map(name =>
      start(`swift-${name}-server`, [join(folder, `${name}.conf`)]),
    ),
  ]
  const stop = async (): Promise<void> => {
    for (const child of processes) child.kill('SIGKILL')
    await Promise.all(processes.map(ended))
    rmSync(folder, { recursive: true, force: true })
  }
  const options = async (bucket: string): Promise<S3Options> => {
    const found = optionsFor(ports.proxy, bucket)
    await new S3Client(found).send({
      what: `make ${bucket}`,
      method: 'PUT',
      key: '',
      accept: ['BucketAlreadyOwnedByYou'],
    })
    return found
  }
  try {
    // Each of them has begun to listen when a bucket can be made.
    await until('the S3 server', startMs, () =>
      options('probe').then(
        () => true,
        () => false,
      ),
    )
    return { port: ports.proxy, accessKeyId, secretAccessKey, options, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

export function optionsFor(port: number, bucket: string): S3Options {
  return {
    place: { endpoint: `http://127.0.0.1:${port}`, bucket, prefix: 'redis/shop', region: 'us-east-1' },
    credentials: () =>
      Promise.resolve({ accessKeyId, secretAccessKey: new Secret(secretAccessKey), sessionToken: null }),
    clock: systemClock,
    random: Math.random,
  }
}

function buildRing(folder: string, name: string, port: number): void {
  const builder = join(folder, `${name}.builder`)
  const device = `r1z1-127.0.0.1:${port}/d1`
  for (const args of [['create', '4', '1', '0'], ['add', device, '1'], ['rebalance']]) {
    const { status, stderr } = spawnSync('swift-ring-builder', [builder, ...args], { encoding: 'utf8' })
    // 1 is a warning: one disk is few.
    if (status !== 0 && status !== 1) throw new Error(`swift-ring-builder ${args.join(' ')}: ${stderr}`)
  }
}

function write(folder: string, name: string, lines: readonly string[]): void {
  writeFileSync(join(folder, name), `${lines.join('\n')}\n`)
}

function start(program: string, args: readonly string[]): ChildProcess {
  return spawn(program, args, { stdio: 'ignore' })
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise(resolve => child.once('exit', () => resolve()))
}
