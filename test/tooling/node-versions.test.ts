import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { isAtLeast, isInRange } from '../../scripts/lib/version-range.mjs'

const lowest = (
  JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } }
).engines.node
  .replace('>=', '')
  .concat('.0')

interface LockedPackage {
  readonly version?: string
  readonly engines?: { readonly node?: string } | readonly string[]
}

test('every package that is installed runs on the oldest Node that Flotilla runs on', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Readonly<Record<string, LockedPackage>>
  }
  const asking = Object.entries(packages).flatMap(([path, { version, engines }]) =>
    engines !== undefined && 'node' in engines && engines.node !== undefined
      ? [{ path, version, range: engines.node }]
      : [],
  )
  assert.ok(asking.length > 50, 'the lock file names no engines')
  assert.deepEqual(
    asking.filter(({ range }) => !isInRange(lowest, range)),
    [],
  )
})

test('every script says which Node it needs before it does anything else', () => {
  const scripts = readdirSync('scripts/lib').filter(name => name.endsWith('-cli.mjs'))
  assert.ok(scripts.length > 5)
  for (const script of scripts) {
    const [first] = readFileSync(`scripts/lib/${script}`, 'utf8').split('\n')
    assert.equal(first, "import './node-version.mjs'", script)
  }
})

test('ranges of versions are read as npm reads them', () => {
  const inRange: readonly (readonly [version: string, range: string])[] = [
    ['20.19.0', '>=20'],
    ['20.19.0', '>= 20.19.0'],
    ['20.19.0', '^20.19.0 || ^22.12.0 || >=23'],
    ['20.19.0', '18 || 20 || >=22'],
    ['20.19.0', '*'],
    ['10.2.0', '6.* || 8.* || >= 10.*'],
    ['20.19.0', '>=18 <21'],
  ]
  const outOfRange: readonly (readonly [version: string, range: string])[] = [
    ['20.19.0', '>=22'],
    ['20.18.1', '^20.19.0 || >=22'],
    ['21.0.0', '18 || 20 || >=22'],
    ['22.1.0', '^20.19.0 || ^22.12.0 || >=23'],
    ['20.19.0', '>=18 <20'],
  ]
  for (const [version, range] of inRange) assert.ok(isInRange(version, range), `${version} in ${range}`)
  for (const [version, range] of outOfRange) assert.ok(!isInRange(version, range), `${version} in ${range}`)
  assert.ok(isAtLeast('20.19.1', '20.19') && !isAtLeast('18.20.8', '20.19'))
})
