import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { chooseFolders, type Folders } from '../../../src/cli/service/default-paths.js'
import { renderUnit } from '../../../src/cli/service/unit.js'

const usual = { manifests: 'manifests', state: 'state' }
const odd = { manifests: '/srv/my "own" $manifests/100%', state: '/var/lib/flotilla' }

/** A working folder with nothing in it, on a machine whose service keeps these folders. */
function machine(t: TestContext, service: Folders | null) {
  const workingFolder = mkdtempSync(join(tmpdir(), 'flotilla-places-'))
  t.after(() => rmSync(workingFolder, { recursive: true, force: true }))
  const unitPath = join(workingFolder, 'flotilla.service')
  if (service !== null)
    writeFileSync(
      unitPath,
      renderUnit({
        node: '/usr/bin/node',
        program: '/opt/f.js',
        ...service,
        uid: 0,
        socketGid: null,
        environment: {},
      }),
    )
  return { workingFolder, unitPath }
}

test('where no folder is here, verbs find those of the installed service, whatever they are called', t => {
  assert.deepEqual(chooseFolders({ ...machine(t, odd), folders: usual, named: false }), odd)
})

test('folders that somebody names are taken, also beside a service', t => {
  const folders = { manifests: 'mine', state: 'state' }
  assert.deepEqual(chooseFolders({ ...machine(t, odd), folders, named: true }), folders)
})

test('in a clone its own folders are taken, also beside a service', t => {
  for (const name of ['manifests', 'state']) {
    const { workingFolder, unitPath } = machine(t, odd)
    mkdirSync(join(workingFolder, name))
    assert.deepEqual(chooseFolders({ workingFolder, unitPath, folders: usual, named: false }), usual)
  }
})

test('without a service, and beside a unit that somebody has written otherwise, the usual folders are taken', t => {
  const bare = machine(t, null)
  assert.deepEqual(chooseFolders({ ...bare, folders: usual, named: false }), usual)
  writeFileSync(bare.unitPath, '[Service]\nExecStart=/usr/local/bin/start-flotilla\n')
  assert.deepEqual(chooseFolders({ ...bare, folders: usual, named: false }), usual)
})
