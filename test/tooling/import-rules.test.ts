import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { allRules, findImportCycle, violations } from './import-rules.js'
import { roomOf, rooms } from './rooms.js'
import { parseSource, readSources, type Source } from './source-tree.js'

const folders = ['src', 'cmd', 'test', 'bench']
const sources = readSources(folders)

test('there is source to judge', () => {
  assert.ok(sources.length > 50, 'run from the project’s own folder')
  assert.ok(sources.some(({ path }) => path.startsWith('src/reconciler/plan/')))
})

for (const rule of allRules) {
  test(`the source keeps to it: ${rule.name}`, () => {
    assert.deepEqual(violations(sources, [rule]), [])
  })
}

test('no import leads back to where it started', () => {
  assert.equal(findImportCycle(sources), null)
})

test('each room of the table stands above those that may import it, so there is no circle', () => {
  const names = rooms.map(({ name }) => name)
  const wrong = rooms.flatMap(({ name, mayImport }, row) =>
    mayImport.filter(one => !names.slice(0, row).includes(one)).map(one => `${name} → ${one}`),
  )
  assert.deepEqual(wrong, [])
})

test('the table names the rooms that there are', () => {
  const found = new Set(sources.map(({ path }) => roomOf(path)).filter(room => room !== null))
  assert.deepEqual([...found].sort(), rooms.map(({ name }) => name).sort())
})

const plan = 'src/reconciler/plan/x.ts'
const judge = 'src/reconciler/judge/x.ts'

/** Each is one file that breaks one rule. */
const offences: readonly { readonly path: string; readonly text: string }[] = [
  { path: 'src/daemon/x.ts', text: `import Docker from 'dockerode'` },
  { path: 'cmd/x.ts', text: `import type { Redis } from 'ioredis'` },
  { path: 'src/runtime/docker/x.ts', text: `import { Redis } from 'ioredis'` },
  { path: 'src/daemon/x.ts', text: `import { fastify } from 'fastify'` },
  { path: 'src/http/x.ts', text: `import { Registry } from 'prom-client'` },
  { path: 'src/http/x.ts', text: `import { render } from 'preact'` },
  { path: 'src/dashboard/x.tsx', text: `import { join } from 'node:path'` },
  { path: 'src/http/x.ts', text: `import { Page } from '../dashboard/views/page.js'` },
  { path: 'src/redis/x.ts', text: `const modem = await import('docker-modem')` },
  { path: 'src/redis/x.ts', text: `import {\n  dial,\n} from 'docker-modem/lib/ssh.js'` },
  { path: 'src/daemon/x.ts', text: `const home = process.env['HOME']` },
  { path: 'src/daemon/x.ts', text: `const { HOME } = process\n  .env` },
  { path: plan, text: `import { readFileSync } from 'node:fs'` },
  { path: plan, text: `import { connect } from 'node:net'` },
  { path: plan, text: `import { spawn } from 'node:child_process'` },
  { path: plan, text: `import { parse } from 'yaml'` },
  { path: plan, text: `import { connectDocker } from '../../runtime/docker/docker-runtime.js'` },
  { path: plan, text: `import type { Link } from '../../redis/client/links.js'` },
  { path: plan, text: `export async function decide() {}` },
  { path: plan, text: `const answer = await ask()` },
  { path: plan, text: `const nowMs = Date.now()` },
  { path: plan, text: 'const text = `at ${new Date().toISOString()}`' },
  { path: plan, text: `const jitter = Math.random()` },
  { path: plan, text: `const startMs = performance.now()` },
  { path: plan, text: `setTimeout(again, 5)` },
  { path: plan, text: `import { violationsOf } from '../judge/judge.js'` },
  { path: judge, text: `import { recordedMaster } from '../plan/master/recorded-master.js'` },
  { path: judge, text: `import { desiredPersistence } from '../desired/persistence.js'` },
  { path: judge, text: `import type { Clock } from '../../clock.js'` },
  { path: judge, text: `import { isDeepStrictEqual } from 'node:util'` },
  { path: 'src/model/x.ts', text: `import { defaultTls } from '../manifest/sections/tls.js'` },
  { path: 'src/state/x.ts', text: `import type { Plan } from '../reconciler/plan/plan-flotilla.js'` },
  { path: 'src/reconciler/record/x.ts', text: `import type { Outcome } from '../loop/observe-and-plan.js'` },
  { path: 'src/new-room/x.ts', text: `import type { Clock } from '../clock.js'` },
  { path: judge, text: `const nowMs = Date.now()` },
  { path: 'src/clock.ts', text: `import { uniqueName } from '../test/support/engine.js'` },
  { path: 'src/manifest/index.ts', text: `export const one = 1` },
  { path: 'src/manifest/all.ts', text: `export * from './spec.js'` },
  { path: 'src/manifest/x.ts', text: `export default function read() {}` },
  { path: 'src/manifest/x.ts', text: ['export { read as', 'default }'].join(' ') },
]

describe('each rule bites', () => {
  for (const offence of offences) {
    test(`${offence.path} may not say: ${offence.text.replaceAll('\n', ' ')}`, () => {
      assert.equal(violations([parseSource(offence)], allRules).length, 1)
    })
  }

  test('every rule has an offence that it alone finds', () => {
    const idle = allRules.filter(rule => violations(offences.map(parseSource), [rule]).length === 0)
    assert.deepEqual(idle, [])
  })

  test('a circle of imports is found, and named', () => {
    const circle: readonly Source[] = [
      parseSource({ path: 'src/a.ts', text: `import { b } from './b.js'` }),
      parseSource({ path: 'src/b.ts', text: `import type { C } from './deep/c.js'` }),
      parseSource({ path: 'src/deep/c.ts', text: `export { a } from '../a.js'` }),
    ]
    assert.deepEqual(findImportCycle(circle), ['src/a.ts', 'src/b.ts', 'src/deep/c.ts', 'src/a.ts'])
  })
})

describe('what only looks like an offence is none', () => {
  const innocent = [
    { path: plan, text: `// await the master, then Date.now()\nexport const one = 1` },
    {
      path: plan,
      text: `/** Not process.env. */\nimport type { FlotillaSpec } from '../../model/spec.js'`,
    },
    { path: plan, text: `const when = new Date(nowMs)` },
    { path: 'src/runtime/docker/x.ts', text: `import Modem from 'docker-modem'` },
    { path: 'src/redis/client/x.ts', text: `import { Redis } from 'ioredis'` },
    { path: 'test/e2e/x.ts', text: `import { Redis } from 'ioredis'\nconst { HOME } = process.env` },
    { path: 'cmd/x.ts', text: `const env = process.env` },
    { path: 'src/manifest/x.ts', text: `const url = 'https://process.example'` },
  ]
  for (const source of innocent) {
    test(`${source.path} may say: ${source.text.replaceAll('\n', ' ')}`, () => {
      assert.deepEqual(violations([parseSource(source)], allRules), [])
    })
  }
})
