import assert from 'node:assert/strict'
import { test } from 'node:test'
import { archivePaths, listedFiles, manifestPath } from '../../../src/reconciler/execute/archive-paths.js'
import type { PathFacts, PathToMake } from '../../../src/model/engine.js'

const file: PathFacts = { kind: 'file', mode: 0o640, sizeBytes: 100, modifiedAtMs: 5 }
const incremental = '/data/appendonlydir/appendonly.aof.1.incr.aof'
const redis7 = [manifestPath, incremental, '/data/dump.rdb']

function made(
  found: readonly string[],
  options: { readonly movesData: boolean; readonly expired?: readonly string[]; readonly facts?: PathFacts },
): readonly PathToMake[] {
  const { movesData, expired = [], facts = file } = options
  return archivePaths(
    {
      ...{ archiveRoot: '/data/set-aside', folder: 'epoch-2', expired },
      found: new Map(found.map(path => [path, facts])),
    },
    { uid: 999, nowMs: 9, movesData },
  )
}

const shown = (paths: readonly PathToMake[]): readonly string[] =>
  paths.map(one => `${one.kind} ${one.path}${one.kind === 'hard-link' ? ` = ${one.target}` : ''}`)

test('all that a node holds is kept under another name before its own place is emptied', () => {
  assert.deepEqual(shown(made(redis7, { movesData: true })), [
    'folder /data/set-aside',
    'folder /data/set-aside/epoch-2',
    'folder /data/set-aside/epoch-2/appendonlydir',
    `hard-link /data/set-aside/epoch-2/appendonlydir/appendonly.aof.manifest = ${manifestPath}`,
    `hard-link /data/set-aside/epoch-2/appendonlydir/appendonly.aof.1.incr.aof = ${incremental}`,
    'hard-link /data/set-aside/epoch-2/dump.rdb = /data/dump.rdb',
    'file /data/appendonlydir',
    'folder /data/appendonlydir',
    'file /data/dump.rdb',
  ])
})

test('a snapshot that saves its node a synchronisation stays where it is', () => {
  assert.deepEqual(
    shown(made(['/data/dump.rdb'], { movesData: false })).filter(line => !line.includes('set-aside')),
    [],
  )
})

test('what is kept belongs to the server’s user, folders that root made too, and is as old as it was', () => {
  const paths = made(redis7, { movesData: true })
  assert.ok(paths.every(({ uid, gid }) => uid === 999 && gid === 999))
  const links = paths.filter(({ kind }) => kind === 'hard-link')
  assert.deepEqual(
    new Set(links.map(({ mode, modifiedAtMs }) => `${mode} ${modifiedAtMs}`)),
    new Set(['416 5']),
  )
})

test('a server older than 7.0 begins with an empty file', () => {
  assert.deepEqual(shown(made(['/data/appendonly.aof'], { movesData: true })).slice(2), [
    'hard-link /data/set-aside/epoch-2/appendonly.aof = /data/appendonly.aof',
    'file /data/appendonly.aof',
  ])
})

test('what an earlier archiving has left is not kept a second time', () => {
  const first = made(['/data/dump.rdb', '/data/appendonly.aof'], { movesData: true })
  for (const path of ['/data/dump.rdb', '/data/appendonly.aof']) {
    const left = first.find(one => one.kind === 'file' && one.path === path)
    assert.ok(left?.kind === 'file')
    const facts = { ...file, sizeBytes: left.content.length }
    assert.deepEqual(made([path], { movesData: true, facts }), [])
  }
})

test('nothing is made where there is nothing to keep, and the oldest go all the same', () => {
  assert.deepEqual(made([], { movesData: true }), [])
  assert.deepEqual(shown(made([], { movesData: true, expired: ['epoch-1'] })), [
    'folder /data/set-aside',
    'file /data/set-aside/epoch-1',
  ])
})

test('the files of an append-only file are those that its manifest lists, and none outside its folder', () => {
  const text = [
    'file appendonly.aof.2.base.rdb seq 2 type b',
    'file appendonly.aof.7.incr.aof seq 7 type i',
    'file ../../etc/passwd seq 1 type h',
    '',
  ].join('\n')
  assert.deepEqual(listedFiles(text), [
    '/data/appendonlydir/appendonly.aof.2.base.rdb',
    '/data/appendonlydir/appendonly.aof.7.incr.aof',
  ])
})
