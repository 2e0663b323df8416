import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { FlotillaError } from '../../src/errors.js'
import { setHibernate, setReplicas, setScalar } from '../../src/manifest/edit.js'
import { parseManifest } from '../../src/manifest/parse.js'
import { manifest } from './samples.js'

const target = { file: 'm/shop.yaml', flotilla: 'shop' }

function refusal(act: () => unknown): readonly [string, string | null] {
  try {
    act()
  } catch (error) {
    assert.ok(error instanceof FlotillaError)
    assert.equal(error.code, 'manifest/edit-refused')
    return [error.message, error.hint]
  }
  return assert.fail('was not refused')
}

/** The text before; after, only `§` is another number. */
const kept: readonly (readonly [string, string, string])[] = [
  ['a comment behind it', manifest('shop', '  replicas: § # two, for now'), '2'],
  ['no line end at the end', manifest('shop', '  replicas: §').trimEnd(), '2'],
  ['spaces around it', manifest('shop', '  replicas   :    §   '), '2'],
  [
    'line ends of Windows and a byte order mark',
    `\uFEFF${manifest('shop', '  replicas: §\n  image: "redis:8"').replaceAll('\n', '\r\n')}`,
    '2',
  ],
  ['flow style', manifest('shop', '  { image: redis:8, replicas: § , auth: none }'), '2'],
  ['another notation', manifest('shop', '  replicas: §'), '0x10'],
  ['an anchor that nobody uses, and a tag', manifest('shop', '  replicas: &count !!int §'), '2'],
  ['keys in quotes', manifest('shop', '  "replicas": §').replace('spec', "'spec'"), '2'],
  [
    'other documents',
    `# all\n${manifest('a')}--- # shop\n${manifest('shop', '  replicas: §')}...\n---\n${manifest('c')}`,
    '2',
  ],
  ['a merge that it overrides', manifest('shop', '  <<: { replicas: 9 }\n  replicas: §'), '2'],
]
for (const [what, text, before] of kept)
  test(`a new number of replicas keeps every other byte: ${what}`, () => {
    assert.equal(setReplicas(text.replace('§', before), target, 50), text.replace('§', '50'))
  })

test('whatever the layout, only the number changes', () => {
  const blank = fc.constantFrom('', ' ', '  # note', '\t')
  const layout = fc.record({
    comment: blank,
    before: fc.constantFrom('', '# x\n', '\n', '---\n'),
    crlf: fc.boolean(),
    old: fc.nat({ max: 200 }),
    wanted: fc.nat({ max: 200 }),
  })
  fc.assert(
    fc.property(layout, ({ comment, before, crlf, old, wanted }) => {
      const draw = (replicas: number): string => {
        const text = `${before}${manifest('shop', `  replicas: ${replicas}${comment}\n  image: redis:${replicas}`)}---\n${manifest('b')}`
        return crlf ? text.replaceAll('\n', '\r\n') : text
      }
      const expected = draw(old).replace(`replicas: ${old}`, `replicas: ${wanted}`)
      assert.equal(setReplicas(draw(old), target, wanted), expected)
      const specs = parseManifest(expected, { file: 'x' }).declared.map(({ spec }) => [
        spec.name,
        spec.replicas,
      ])
      assert.deepEqual(specs, [
        ['shop', wanted],
        ['b', 2],
      ])
    }),
    { numRuns: 200 },
  )
})

test('a new image keeps the quotes of the old one where it can', () => {
  const image = (written: string, value: string) =>
    setScalar(
      manifest('shop', `  image: ${written} # which\n  replicas: 2`),
      target,
      ['spec', 'image'],
      value,
    ).split('\n')[5]
  assert.equal(image('redis:8', 'redis:7'), '  image: redis:7 # which')
  assert.equal(image('"redis:8"', 'redis:7'), '  image: "redis:7" # which')
  assert.equal(image("'redis:8'", 'redis:7'), "  image: 'redis:7' # which")
  // Plain, this one would be read as a number.
  assert.equal(image('redis', '1e3'), '  image: "1e3" # which')
})

const refused: readonly (readonly [string, string, string, string])[] = [
  [
    'comes through a merge',
    manifest('shop', '  <<: { replicas: 3 }'),
    'm/shop.yaml: replicas of shop comes from another place of the manifest, through an alias (*) or a merge (<<)',
    'In the document of shop, set spec.replicas to 5 by hand.',
  ],
  [
    'is also the name of something',
    manifest('shop', '  auth: { passwordFile: *n }').replace('spec:', 'spec:\n  replicas: &n 2'),
    'm/shop.yaml:7:25: auth.passwordFile must be the path of a file that holds the password, relative to the folder of this manifest; write passwordFile: ./shop.password',
    'The manifest has errors; correct them first. Nothing was changed.',
  ],
  [
    'is declared with a mistake',
    manifest('shop', '  replicas: x'),
    'm/shop.yaml:6:13: replicas must be a whole number from 0 to 200, not "x"; write replicas: 2',
    'The manifest has errors; correct them first. Nothing was changed.',
  ],
  [
    'is not declared',
    `${manifest('a')}---\n${manifest('b')}`,
    'm/shop.yaml: declares no flotilla shop',
    'It declares: a, b.',
  ],
  ['is declared nowhere', '# nothing', 'm/shop.yaml: declares no flotilla shop', 'It declares: nothing.'],
  [
    'is declared twice',
    `${manifest()}---\n${manifest()}`,
    'm/shop.yaml: declares shop twice, in lines 4 and 11',
    'Remove one of the two documents first. Nothing was changed.',
  ],
]
for (const [what, text, message, hint] of refused)
  test(`the edit is refused when what it is about ${what}`, () => {
    assert.deepEqual(
      refusal(() => setReplicas(text, target, 5)),
      [message, hint],
    )
  })

test('the edit is refused when an alias shows the value elsewhere', () => {
  const text = manifest('shop', '  image: &i redis\n  replicas: 2\n  auth: { passwordFile: *i }')
  assert.deepEqual(
    refusal(() => setScalar(text, target, ['spec', 'image'], 'valkey')),
    [
      'm/shop.yaml: image of shop is used in other places too, through its anchor (&)',
      'In the document of shop, set spec.image to valkey by hand.',
    ],
  )
})

test('the edit is refused when the value is not written at all, or as a block', () => {
  const image = (spec: string) =>
    refusal(() => setScalar(manifest('shop', spec), target, ['spec', 'image'], 'redis:7'))[0]
  assert.equal(
    image('  replicas: 2'),
    'm/shop.yaml: image of shop is not written in the manifest, so its default applies',
  )
  assert.equal(
    image('  image: >-\n    redis:8\n  replicas: 2'),
    'm/shop.yaml: image of shop is written as a block of text',
  )
  assert.equal(
    refusal(() => setScalar(manifest(), target, ['spec'], 1))[0],
    'm/shop.yaml: spec of shop is not a single value',
  )
})

test('a value that the manifest may not have is refused, and says so', () => {
  assert.deepEqual(
    refusal(() => setReplicas(manifest(), target, 500)),
    [
      'm/shop.yaml:6:13: replicas must be a whole number from 0 to 200, not 500; write replicas: 200',
      'The manifest was not changed; replicas of shop stays as it was.',
    ],
  )
})

test('a flotilla is hibernated by a line before its replicas, and every other byte is kept', () => {
  const text = manifest('shop', '  image: redis:8 # this\n  replicas: 2\n')
  const asleep = setHibernate(text, target, true)
  assert.equal(asleep, text.replace('  replicas: 2', '  hibernate: true\n  replicas: 2'))
  assert.equal(setHibernate(asleep, target, true), asleep)
  assert.equal(setHibernate(asleep, target, false), asleep.replace('true', 'false'))
  assert.equal(setHibernate(text, target, false), text)
})

test('it is put in its place also in one line, in quotes, with line ends of Windows', () => {
  const flow = manifest('shop', '  { image: redis:8, replicas: 2 }')
  assert.equal(setHibernate(flow, target, true), flow.replace('replicas', 'hibernate: true, replicas'))
  const windows = manifest('shop', '  "replicas": 2\n').replaceAll('\n', '\r\n')
  assert.equal(
    setHibernate(windows, target, true),
    windows.replace('  "replicas"', '  hibernate: true\r\n  "replicas"'),
  )
})

test('where the replicas come through a merge, a person has to write it', () => {
  const text = manifest('shop', '  <<: { replicas: 2 }')
  const [message, hint] = refusal(() => setHibernate(text, target, true))
  assert.match(message, /hibernate of shop has no place of its own/)
  assert.match(hint ?? '', /add hibernate: true under spec by hand/)
})
