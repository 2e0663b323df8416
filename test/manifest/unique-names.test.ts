import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { assignNames } from '../../src/manifest/unique-names.js'
import { masterName, networkName, newVolumeName, nodeAlias, replicaName } from '../../src/model/names.js'
import { defaultPersistence } from '../../src/manifest/sections/persistence.js'
import { loaded, manifest, rendered } from './samples.js'

function checked(files: Record<string, string>, incumbents: Record<string, string> = {}) {
  const load = loaded(files)
  assert.ok(load.kind === 'loaded')
  return assignNames(load.files, new Map(Object.entries(incumbents))).map(file => [
    file.file,
    file.declared.map(({ spec }) => spec.name),
    rendered(file.diagnostics),
  ])
}

test('of two files with one name the later is told where the first is', () => {
  assert.deepEqual(
    checked({ 'a.yaml': manifest('shop'), 'b.yaml': `# copy\n${manifest('shop')}---\n${manifest('cart')}` }),
    [
      ['m/a.yaml', ['shop'], []],
      [
        'm/b.yaml',
        ['cart'],
        [
          'm/b.yaml:5:9: the name shop is taken by m/a.yaml:4:9; give this flotilla another name, or remove one of the two documents',
        ],
      ],
    ],
  )
})

test('of two documents with one name in a file the later is told', () => {
  assert.deepEqual(checked({ 'a.yaml': `${manifest('shop')}---\n${manifest('shop')}` }), [
    [
      'm/a.yaml',
      ['shop'],
      [
        'm/a.yaml:11:9: the name shop is taken by m/a.yaml:4:9; give this flotilla another name, or remove one of the two documents',
      ],
    ],
  ])
})

test('a copy whose name sorts first does not take over the flotilla that runs', () => {
  const [copy, original] = checked(
    { 'copy.yaml': manifest('shop'), 'shop.yaml': manifest('shop') },
    { shop: 'm/shop.yaml' },
  )
  assert.deepEqual(copy?.[1], [])
  assert.deepEqual(original, ['m/shop.yaml', ['shop'], []])
})

test('no two flotillas ever need the same container, volume, network or alias', () => {
  const stem = fc
    .array(fc.constantFrom('a', 'shop', 'master', 'replica', '0', '1', '12'), { minLength: 1, maxLength: 4 })
    .map(parts => parts.join('-'))
  const namesOf = (flotilla: string) => {
    const ordinals = [0, 1, 12, 200]
    return {
      containers: [masterName(flotilla), ...ordinals.map(n => replicaName(flotilla, n))],
      volumes: ordinals.map(n =>
        newVolumeName({ name: flotilla, persistence: defaultPersistence('aof') }, n),
      ),
      aliases: ordinals.map(n => nodeAlias(flotilla, n)),
      networks: [networkName(flotilla)],
    }
  }
  fc.assert(
    fc.property(stem, stem, (one, other) => {
      fc.pre(one !== other)
      const [mine, theirs] = [namesOf(one), namesOf(other)]
      for (const sort of ['containers', 'volumes', 'aliases', 'networks'] as const)
        for (const name of mine[sort]) assert.ok(!theirs[sort].includes(name), `${one} and ${other}: ${name}`)
    }),
    { numRuns: 3_000 },
  )
})
