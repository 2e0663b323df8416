import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import test from 'node:test'
import fc from 'fast-check'
import { decodeManifest } from '../../src/manifest/decode.js'
import { renderDiagnostic } from '../../src/manifest/diagnostic.js'
import { parseManifest } from '../../src/manifest/parse.js'
import { readYaml } from '../../src/manifest/yaml-tree.js'
import { manifest } from './samples.js'

/**
 * Never throws, never shows a stack, and every message is one line with a remedy; places are inside the text.
 */
function assertReadsCalmly(text: string): void {
  const lineCount = text.split('\n').length
  const { diagnostics } = parseManifest(text, { file: 'x.yaml' })
  assert.ok(diagnostics.length <= 20)
  for (const diagnostic of diagnostics) {
    const line = renderDiagnostic(diagnostic)
    assert.match(line, /^x\.yaml:[\s\S]+/)
    assert.doesNotMatch(line, /[\n\r]|\.js:\d|RangeError|TypeError|undefined|\[object/)
    const { position } = diagnostic
    if (position !== null)
      assert.ok(position.line >= 1 && position.line <= lineCount && position.col >= 1, line)
  }
}

/** Bounded in time, not in luck: the machine may be slow. */
const bounded = { interruptAfterTimeLimit: 5_000, markInterruptAsFailure: false }

test('bytes at random are refused or read, never fatal', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), bytes => {
      const decoded = decodeManifest(bytes)
      if (decoded.kind === 'text') assertReadsCalmly(decoded.text)
    }),
    { numRuns: 2_000, ...bounded },
  )
})

test('a good manifest with some bytes changed is refused or read, never fatal', () => {
  const good = Buffer.from(
    `${manifest('a', '  replicas: &n 2\n  auth: { passwordFile: "x" } # c')}---\n${manifest('b')}`,
  )
  const change = fc.record({ at: fc.nat({ max: good.length - 1 }), byte: fc.integer({ min: 0, max: 255 }) })
  fc.assert(
    fc.property(
      fc.array(change, { minLength: 1, maxLength: 8 }),
      fc.nat({ max: good.length }),
      (changes, length) => {
        const bytes = Buffer.from(good)
        for (const { at, byte } of changes) bytes[at] = byte
        const decoded = decodeManifest(bytes.subarray(0, length))
        if (decoded.kind === 'text') assertReadsCalmly(decoded.text)
      },
    ),
    { numRuns: 3_000, ...bounded },
  )
})

const pieces = [
  ...[
    'apiVersion',
    'kind',
    'metadata',
    'spec',
    'name',
    'replicas',
    'auth',
    'passwordFile',
    'persistence',
    'mode',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'flotilla/v1',
    'RedisReplication',
    'shop',
    '2',
    '-1',
    '1e999',
    '.nan',
    '~',
  ],
  ...[
    ': ',
    ':',
    '- ',
    '? ',
    '\n',
    '\n  ',
    '\n    ',
    '\r\n',
    '\t',
    ' ',
    '{',
    '}',
    '[',
    ']',
    ', ',
    '"',
    "'",
    '|\n',
    '>-\n',
  ],
  ...[
    '&a ',
    '*a',
    '<<: ',
    '!!int ',
    '!x ',
    '# ',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '@',
    '`',
    '\\',
    '\u2028',
    '\uFEFF',
    '\0',
  ],
]

test('pieces of YAML in any order are refused or read, never fatal', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 60 }), parts => {
      assertReadsCalmly(parts.join(''))
    }),
    { numRuns: 5_000, ...bounded },
  )
})

const { tree } = fc.letrec(tie => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...pieces.slice(0, 13)), fc.string()), tie('tree'), {
      maxKeys: 4,
    }),
  ),
}))

test('any value in any place of a document is explained or accepted', () => {
  const document = fc.record(
    {
      apiVersion: fc.constantFrom('flotilla/v1', 1),
      kind: fc.constant('RedisReplication'),
      metadata: tree,
      spec: tree,
    },
    { requiredKeys: ['apiVersion'] },
  )
  fc.assert(
    fc.property(document, value => {
      // Escaped, because JSON lets some characters through that YAML does not.
      assertReadsCalmly(JSON.stringify(value).replace(/[\x7f-\x9f]/g, '?'))
    }),
    { numRuns: 2_000, ...bounded },
  )
})

const mebibyte = 1024 * 1024
/** Each filled the stack, took a minute, or ended the process when it reached the YAML parser. */
const floods = [
  '[',
  '{',
  '- ',
  '? ',
  '{a: ',
  'a: ',
  '&a ',
  '!!x ',
  '*a ',
  '"',
  '---\n',
  ']',
  '[]',
  '{}\n',
  '}[',
  '"\\',
  'a:\n- ',
  '|\n',
  '? - ',
]
for (const piece of floods)
  test(`a mebibyte of ${JSON.stringify(piece)} is refused or read without trouble`, () => {
    const flood = piece.repeat(mebibyte / piece.length)
    assertReadsCalmly(flood)
    assertReadsCalmly(`spec: ${flood}`)
    // Below the limit on tokens: the parser gets to see it.
    assertReadsCalmly(piece.repeat(20_000))
  })

test('tens of thousands of keys are not each compared with each other', () => {
  const startedMs = performance.now()
  assertReadsCalmly(Array.from({ length: 66_000 }, (_, n) => `k${n}:\n`).join(''))
  assert.ok(performance.now() - startedMs < 20_000)
})

for (const [what, line] of [
  [
    'lists',
    (n: number) =>
      `a${n}: &a${n} [${Array(10)
        .fill(`*a${n - 1}`)
        .join(', ')}]`,
  ],
  [
    'merges',
    (n: number) =>
      `a${n}: &a${n} { <<: [${Array(10)
        .fill(`*a${n - 1}`)
        .join(', ')}] }`,
  ],
  ['a chain', (n: number) => `a${n}: &a${n} [*a${n - 1}]`],
] as const)
  test(`aliases that multiply by ${what} are cut short`, () => {
    const count = what === 'a chain' ? 5_000 : 30
    const lines = Array.from({ length: count }, (_, n) => line(n + 1))
    const { diagnostics } = parseManifest(`a0: &a0 { x: 1 }\n${lines.join('\n')}\n`, { file: 'x.yaml' })
    assert.deepEqual(
      diagnostics.map(({ message }) => message),
      what === 'a chain'
        ? ['nested deeper than 32 levels; a manifest never needs more than 4']
        : ['this alias (*) repeats itself or others without end; write the values out'],
    )
  })

test('of twenty thousand wrong keys some are explained and the rest counted, which costs less than reading them did', () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => `  replicaz${index}: 1\n`).join('')
  const text = manifest('shop', `  replicas: 2\n${keys.trimEnd()}`)
  const { diagnostics } = parseManifest(text, { file: 'x.yaml' })
  assert.equal(diagnostics.length, 20)
  assert.match(diagnostics.at(-1)?.message ?? '', /\(and 19980 more errors after this one\)$/)
  // Explaining each of them would cost ten times what reading does. Of three tries the best, by the
  // processor's time and not by the clock.
  const factors = [1, 2, 3].map(() => {
    const readMs = processorMs(() => readYaml(text))
    return (processorMs(() => parseManifest(text, { file: 'x.yaml' })) - readMs) / readMs
  })
  assert.ok(Math.min(...factors) < 4, `explaining took ${factors.join(', ')} times as long as reading`)
})

function processorMs(work: () => unknown): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}
