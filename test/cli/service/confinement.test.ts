import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { renderUnit } from '../../../src/cli/service/unit.js'
import { manifest } from '../../manifest/samples.js'
import { flotillaProgram } from '../../support/cli.js'

const absent =
  spawnSync('unshare', ['--mount', 'true']).status === 0 ? false : 'no mount name spaces may be made here'

/**
 * What the unit lets a process write is all that it can write: `ProtectSystem=strict`, made by the mounts
 * that systemd makes.
 */
function runConfined(writable: readonly string[], args: readonly string[]) {
  const confine = [
    'for path in $WRITABLE; do mount --bind "$path" "$path"; done',
    // Each mount keeps its own word on who may write it, so what was bound before stays writable.
    'for place in / /tmp; do mountpoint -q "$place" && mount -o remount,bind,ro "$place"; done',
    'exec "$@"',
  ].join('\n')
  const command = [process.execPath, flotillaProgram, ...args]
  return spawnSync(
    'unshare',
    ['--mount', '--propagation', 'private', 'sh', '-c', confine, 'sh', ...command],
    {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', WRITABLE: writable.join(' ') },
    },
  )
}

function service(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-confined-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const [manifests, state] = [join(folder, 'manifests'), join(folder, 'state')]
  for (const path of [manifests, state]) mkdirSync(path)
  const file = join(manifests, 'shop.yaml')
  writeFileSync(file, manifest())
  const unit = renderUnit({
    ...{ node: process.execPath, program: flotillaProgram, manifests, state },
    ...{ uid: 0, socketGid: null, environment: {} },
  })
  const writable = unit.split('\n').flatMap(line => /^ReadWritePaths=(.+)$/.exec(line)?.[1] ?? [])
  const scale = ['scale', 'shop', '3', '--manifests', manifests, '--state', state]
  return { file, state, writable, scale }
}

test('confined as the unit says, a number of replicas is written into the manifest', { skip: absent }, t => {
  const { file, writable, scale } = service(t)
  const { status, stderr } = runConfined(writable, scale)
  assert.equal(status, 0, stderr)
  assert.match(readFileSync(file, 'utf8'), /replicas: 3/)
})

test(
  'where manifests can only be read the refusal says so, how to fix it, and that nothing has changed',
  { skip: absent },
  t => {
    const { file, state, scale } = service(t)
    const { status, stderr } = runConfined([state], scale)
    assert.equal(status, 2)
    assert.match(stderr, /can't be written .*EROFS[^]*Nothing was changed[^]*flotilla service install/)
    assert.equal(readFileSync(file, 'utf8'), manifest())
  },
)
