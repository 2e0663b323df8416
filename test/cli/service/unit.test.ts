import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { renderUnit, unitName, type UnitSetting } from '../../../src/cli/service/unit.js'

const usual: UnitSetting = {
  node: '/usr/bin/node',
  program: '/opt/flotilla/dist/cmd/flotilla.js',
  manifests: '/etc/flotilla',
  state: '/var/lib/flotilla',
  uid: 0,
  socketGid: 998,
  environment: { DOCKER_HOST: 'unix:///var/run/docker.sock' },
}

function lines(setting: Partial<UnitSetting> = {}): readonly string[] {
  return renderUnit({ ...usual, ...setting }).split('\n')
}

test('the unit runs the daemon on its folders, and lets it write these alone', () => {
  assert.ok(
    lines().includes(
      'ExecStart=/usr/bin/node /opt/flotilla/dist/cmd/flotilla.js run --manifests /etc/flotilla --state /var/lib/flotilla',
    ),
  )
  const writable = (setting: Partial<UnitSetting> = {}): readonly string[] =>
    lines(setting).filter(line => line.startsWith('ReadWritePaths='))
  assert.deepEqual(writable(), ['ReadWritePaths=/var/lib/flotilla', 'ReadWritePaths=/etc/flotilla'])
  assert.ok(writable({ manifests: '/srv/redis/shop.yaml' }).includes('ReadWritePaths=/srv/redis'))
  assert.ok(lines().includes('Environment=DOCKER_HOST=unix:///var/run/docker.sock'))
})

test('it runs as the owner of the state directory, who then needs the group of the engine’s socket', () => {
  assert.deepEqual(
    lines().filter(line => /^(User|SupplementaryGroups)=/.test(line)),
    [],
  )
  const other = lines({ uid: 1000 })
  assert.ok(other.includes('User=1000'))
  assert.ok(other.includes('SupplementaryGroups=998'))
})

test('what lies in a home is let be seen', () => {
  assert.ok(lines().includes('ProtectHome=yes'))
  for (const setting of [
    { node: '/home/you/.nvm/node' },
    { manifests: '/root/manifests' },
    { environment: { DOCKER_HOST: 'unix:///run/user/1000/docker.sock' } },
  ])
    assert.ok(lines(setting).includes('ProtectHome=read-only'), JSON.stringify(setting))
})

test('what lies in /tmp is let be seen', () => {
  assert.ok(lines().includes('PrivateTmp=yes'))
  assert.ok(lines({ program: '/tmp/flotilla/dist/cmd/flotilla.js' }).includes('PrivateTmp=no'))
})

test('a path is one word to systemd, whatever is in it', () => {
  const odd = lines({ state: '/srv/a "b" 100%/$HOME' })
  assert.ok(odd.includes('ReadWritePaths="/srv/a \\"b\\" 100%%/$HOME"'))
  assert.match(
    odd.find(line => line.startsWith('ExecStart=')) ?? '',
    / --state "\/srv\/a \\"b\\" 100%%\/\$\$HOME"$/,
  )
})

test('a path that would be a line of its own is refused', () => {
  const path = '/srv/a\nExecStartPre=/bin/evil'
  assert.throws(() => lines({ state: path }), { code: 'usage/invalid' })
  assert.throws(() => lines({ environment: { DOCKER_CERT_PATH: path } }), { code: 'usage/invalid' })
})

const absent =
  spawnSync('systemd-analyze', ['--version']).error === undefined ? false : 'systemd-analyze is not here'

test('systemd finds nothing wrong with it, and its exposure low', { skip: absent }, t => {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-unit-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, unitName)
  writeFileSync(file, renderUnit({ ...usual, node: process.execPath }))
  const verified = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })
  assert.deepEqual([verified.stderr, verified.status], ['', 0])
  const secured = spawnSync('systemd-analyze', ['security', '--offline=yes', '--threshold=30', file], {
    encoding: 'utf8',
  })
  assert.equal(secured.status, 0, secured.stdout + secured.stderr)
})
