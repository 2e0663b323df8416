import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { processOutput, type Output } from '../../../src/cli/output.js'
import {
  installService,
  readServiceState,
  renderServiceState,
  uninstallService,
} from '../../../src/cli/service/service.js'
import type { Systemd } from '../../../src/cli/service/systemd.js'
import { renderUnit, type UnitSetting } from '../../../src/cli/service/unit.js'
import { manifest } from '../../manifest/samples.js'

interface Machine {
  readonly systemd: Systemd
  readonly setting: UnitSetting
  readonly unit: string
  /** What systemctl was told, in order. */
  readonly told: string[]
  readonly notes: string[]
  readonly output: Output
}

function machine(t: TestContext, answers: Readonly<Record<string, string | Error>> = {}): Machine {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-service-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const told: string[] = []
  const notes: string[] = []
  return {
    told,
    notes,
    unit: join(folder, 'flotilla.service'),
    output: { ...silent, note: text => notes.push(text) },
    setting: {
      node: '/usr/bin/node',
      program: '/opt/flotilla.js',
      manifests: join(folder, 'manifests'),
      state: join(folder, 'state'),
      uid: 0,
      socketGid: null,
      environment: {},
    },
    systemd: {
      unitFolder: folder,
      isRunning: () => true,
      systemctl: (...args) => {
        told.push(args.join(' '))
        const answer = answers[args[0] ?? ''] ?? ''
        return Promise.resolve(
          answer instanceof Error
            ? { exitCode: 1, stdout: '', stderr: answer.message }
            : { exitCode: 0, stdout: answer, stderr: '' },
        )
      },
    },
  }
}

const silent = processOutput({})

test('install writes the unit, makes the folders that it names, and starts it', async t => {
  const { systemd, setting, unit, told, output } = machine(t)
  await installService(systemd, setting, { start: true, output })
  assert.equal(readFileSync(unit, 'utf8'), renderUnit(setting))
  assert.equal(statSync(setting.state).mode & 0o777, 0o700)
  assert.deepEqual(told, ['daemon-reload', 'enable flotilla.service', 'restart flotilla.service'])
})

test('what manifests name and the service does not get is told before it is started', async t => {
  const { systemd, setting, told, notes, output } = machine(t, { show: 'ProtectHome=yes\nEnvironment=\n' })
  mkdirSync(setting.manifests)
  const auth = '  replicas: 2\n  auth:\n    passwordEnv: REDIS_PASSWORD'
  writeFileSync(join(setting.manifests, 'shop.yaml'), manifest('shop', auth))
  await installService(systemd, setting, { start: true, output })
  assert.match(notes.join('\n'), /shop: auth\.passwordEnv: .*REDIS_PASSWORD[^]*the daemon runs/)
  assert.deepEqual(
    told.map(line => line.split(' ')[0]),
    ['daemon-reload', 'enable', 'show', 'restart'],
  )
})

test('install --no-start starts nothing', async t => {
  const { systemd, setting, told, output } = machine(t)
  await installService(systemd, setting, { start: false, output })
  assert.ok(!told.some(line => line.startsWith('restart')))
})

test('a daemon that does not start is a failure that says where to look', async t => {
  const { systemd, setting, output } = machine(t, { restart: new Error('Job failed.') })
  await assert.rejects(installService(systemd, setting, { start: true, output }), {
    code: 'service/failed',
    message: /restart flotilla\.service failed: Job failed/,
    hint: /journalctl -u flotilla/,
  })
})

test('uninstall ends the daemon before its unit goes, and leaves manifests and state', async t => {
  const { systemd, setting, unit, told, output } = machine(t)
  await installService(systemd, setting, { start: true, output })
  told.length = 0
  await uninstallService(systemd, output)
  assert.deepEqual(told, ['disable --now flotilla.service', 'daemon-reload'])
  assert.equal(existsSync(unit), false)
  assert.ok(existsSync(setting.state) && existsSync(setting.manifests))
})

test('uninstall where nothing is installed does nothing', async t => {
  const { systemd, told, notes, output } = machine(t)
  await uninstallService(systemd, output)
  assert.deepEqual(told, [])
  assert.match(notes.join(), /nothing to do/)
})

test('status tells what systemd and the daemon say', async t => {
  const show = [
    'LoadState=loaded',
    'ActiveState=active',
    'SubState=running',
    'UnitFileState=enabled',
    'MainPID=42',
    'StatusText=1 flotilla: 1 Ready',
    'ActiveEnterTimestamp=Mon 2026-11-23 06:52:47 UTC',
    'NRestarts=2',
  ]
  const { systemd } = machine(t, { show: `${show.join('\n')}\n` })
  const text = renderServiceState(await readServiceState(systemd))
  assert.equal(
    text,
    'flotilla.service: active (running) since Mon 2026-11-23 06:52:47 UTC\n' +
      '  pid 42, restarted 2 times by systemd, starts at boot\n' +
      '  1 flotilla: 1 Ready\n',
  )
})

test('status of what is not installed says how to install it', async t => {
  const { systemd } = machine(t, {
    show: 'LoadState=not-found\nActiveState=inactive\nSubState=dead\nMainPID=0\n',
  })
  const state = await readServiceState(systemd)
  assert.equal(state.active, false)
  assert.match(renderServiceState(state), /not installed; install it with: sudo flotilla service install/)
})

test('where systemd does not run the machine, nothing is written', async t => {
  const { systemd, setting, unit, output } = machine(t)
  const elsewhere = { ...systemd, isRunning: () => false }
  await assert.rejects(installService(elsewhere, setting, { start: true, output }), {
    code: 'service/unavailable',
    hint: /--print/,
  })
  assert.equal(existsSync(unit), false)
})
