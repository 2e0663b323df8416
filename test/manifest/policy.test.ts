import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseManifest } from '../../src/manifest/parse.js'
import { allowAll, policyViolations, policySchema } from '../../src/manifest/policy.js'
import { manifest } from './samples.js'

/** The fields that are refused of a spec, under a policy of these lines. */
function refused(spec: string, policy: unknown = {}): readonly string[] {
  const { declared } = parseManifest(manifest('shop', `  replicas: 1\n${spec}`), {
    file: '/srv/manifests/shop.yaml',
    policy: allowAll,
  })
  const [flotilla] = declared
  assert.ok(flotilla !== undefined, spec)
  const place = { policy: policySchema.parse(policy), folder: '/srv/manifests' }
  return policyViolations(flotilla.spec, place).map(({ path }) => path.join('.'))
}

/** Each is refused as it stands, and let through by the line of the policy that its refusal names. */
const askings = [
  {
    spec: '  image: evil/redis:1',
    field: 'spec.image',
    strict: { images: ['redis:*'] },
    allow: { images: ['evil/*'] },
  },
  {
    spec: '  network: { external: [billing] }',
    field: 'spec.network.external.0',
    strict: { networks: ['apps-*'] },
    allow: { networks: ['billing'] },
  },
  {
    spec: '  container: { capAdd: [SYS_ADMIN] }',
    field: 'spec.container.capAdd',
    strict: {},
    allow: { capabilities: ['SYS_*'] },
  },
  {
    spec: '  container: { capAdd: [NET_RAW] }',
    field: 'spec.container.capAdd',
    strict: { capabilities: [] },
    allow: { capabilities: ['NET_RAW'] },
  },
  {
    spec: '  persistence: { volume: { driver: rexray } }',
    field: 'spec.persistence.volume.driver',
    strict: {},
    allow: { volumeDrivers: ['rexray'] },
  },
  {
    spec: '  persistence: { volume: { options: { o: bind, device: "/{ordinal}", type: none } } }',
    field: 'spec.persistence.volume.options.device',
    strict: {},
    allow: { hostFolders: ['/'] },
  },
  {
    spec: '  persistence: { volume: { options: { type: ext4, device: "/dev/sda{ordinal}" } } }',
    field: 'spec.persistence.volume.options.device',
    strict: {},
    allow: { hostFolders: ['/dev'] },
  },
  {
    spec: '  persistence: { volume: { options: { type: nfs, o: "rw,bind", device: "/etc/{ordinal}" } } }',
    field: 'spec.persistence.volume.options.device',
    strict: {},
    allow: { hostFolders: ['/etc'] },
  },
  {
    spec: '  auth: { passwordFile: ../state/http.token }',
    field: 'spec.auth.passwordFile',
    strict: {},
    allow: { secretFolders: ['/srv/state'] },
  },
  {
    spec: '  auth: { users: [{ name: a, rules: "+@read ~*", passwordFile: /etc/shadow }] }',
    field: 'spec.auth.users.0.passwordFile',
    strict: {},
    allow: { secretFolders: ['/etc'] },
  },
  {
    spec: '  auth: { passwordEnv: AWS_SECRET_ACCESS_KEY }',
    field: 'spec.auth.passwordEnv',
    strict: {},
    allow: { passwordVariables: ['AWS_*'] },
  },
  {
    spec: '  bootstrap: { from: { host: 192.0.2.1 } }',
    field: 'spec.bootstrap.from.host',
    strict: { bootstrapHosts: ['10.*'] },
    allow: { bootstrapHosts: ['192.0.2.*'] },
  },
  {
    spec: '  bootstrap: { from: { host: 192.0.2.1, passwordFile: /root/x } }',
    field: 'spec.bootstrap.from.passwordFile',
    strict: {},
    allow: { secretFolders: ['/root'] },
  },
  {
    spec: '  tls: { files: { cert: ./a, key: /etc/ssl/private/b, ca: ./c } }',
    field: 'spec.tls.files.key',
    strict: {},
    allow: { secretFolders: ['/etc/ssl/private'] },
  },
]

for (const { spec, field, strict, allow } of askings)
  test(`${spec.trim()} is refused unless the policy allows it`, () => {
    assert.deepEqual(refused(spec, strict), [field])
    assert.deepEqual(refused(spec, allow), [])
  })

const harmless = [
  '  container: { capAdd: [AUDIT_WRITE, NET_BIND_SERVICE] }',
  '  auth: { passwordFile: ./secrets/shop.password }',
  '  auth: { passwordEnv: REDIS_PASSWORD }',
  '  persistence: { volume: { options: { type: nfs, o: "addr=10.0.0.5,rw", device: ":/redis/{ordinal}" } } }',
  '  persistence: { volume: { options: { type: tmpfs, device: tmpfs, o: "size=100m" } } }',
  '  network: { external: [apps] }',
  '  bootstrap: { from: { container: old-redis } }',
]

for (const spec of harmless) test(`${spec.trim()} needs no leave`, () => assert.deepEqual(refused(spec), []))

test('a folder that is allowed allows none beside it', () => {
  const bound = (device: string) =>
    `  persistence: { volume: { options: { o: bind, type: none, device: "${device}/{ordinal}" } } }`
  const policy = { hostFolders: ['/mnt/redis'] }
  assert.deepEqual(refused(bound('/mnt/redis/a'), policy), [])
  for (const device of ['/mnt/redis2', '/mnt', '/mnt/redis/../..', '/mnt/redis/../x', 'mnt/redis'])
    assert.equal(refused(bound(device), policy).length, 1, device)
})

test('a manifest that asks for too much is told where it says so, and which line of the policy would allow it', () => {
  const text = manifest('shop', '  replicas: 1\n  auth: { passwordEnv: HOME }')
  const { declared, broken, diagnostics } = parseManifest(text, { file: '/m/a.yaml' })
  assert.deepEqual(declared, [])
  assert.equal(broken[0]?.name, 'shop')
  assert.deepEqual(diagnostics, [
    {
      file: '/m/a.yaml',
      position: { line: 7, col: 24 },
      message:
        'the environment variable that passwordEnv names is not allowed here, REDIS_* are; who runs the daemon can allow it in the policy file (--policy): passwordVariables',
    },
  ])
})
