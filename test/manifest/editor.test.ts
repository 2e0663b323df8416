import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import { manifestJsonSchema, manifestJsonSchemaText } from '../../src/manifest/json-schema.js'
import { parseManifest } from '../../src/manifest/parse.js'
import { startYamlServer } from './support/yaml-server.js'

/**
 * A line that tells the language server of the schema as it is generated now, as the first line of each
 * example does.
 */
function modeline(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-schema-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'schema.json'), manifestJsonSchemaText())
  return `# yaml-language-server: $schema=${join(folder, 'schema.json')}\n`
}

test('an editor underlines nothing in any example', async t => {
  const [server, first] = [await startYamlServer(t), modeline(t)]
  for (const name of ['../shop.yaml', ...readdirSync('manifests/examples')]) {
    const text = readFileSync(join('manifests/examples', name), 'utf8')
    assert.deepEqual(await server.complaintsAbout(first + withoutModeline(text)), [], name)
  }
})

test('an editor proposes values that make sense', async t => {
  const [server, first] = [await startYamlServer(t), modeline(t)]
  const head =
    'apiVersion: flotilla/v1\nkind: RedisReplication\nmetadata:\n  name: shop\nspec:\n  image: redis:8\n'
  const proposals = await server.proposalsAt(`${first}${head}  |\n`)
  assert.equal(proposals.get('replicas'), 'replicas: ${1:2}')
  const whole = await server.proposalsAt(`${first}|\n`)
  assert.match(whole.get('Flotilla manifest') ?? '', /^apiVersion: flotilla\/v1\nkind: RedisReplication\n/)
})

test('an editor underlines what Flotilla refuses, and takes what it takes', async t => {
  const [server, first] = [await startYamlServer(t), modeline(t)]
  const linesOf = async (memory: string): Promise<readonly number[]> =>
    (await server.complaintsAbout(`${first}${lineWith(['spec', 'resources', 'memory'], memory)}\n`)).map(
      ({ line }) => line,
    )
  for (const memory of ['2Gi', '2gi', '512MB', '"1.5Gi"']) assert.deepEqual(await linesOf(memory), [], memory)
  for (const memory of ['2G', '2', '2 Gi']) assert.deepEqual(await linesOf(memory), [1], memory)
})

test('the schema takes every value that Flotilla takes, and refuses every one that it refuses', () => {
  const schema = manifestJsonSchema()
  const isValid = new Ajv({ strict: false, unicodeRegExp: true }).compile(schema)
  const wrong = fieldsOf(schema).flatMap(path => {
    const lines = values.map((value, index) => lineWith(path, value, `shop-${index}`))
    const refused = linesRefused(lines)
    return values.flatMap((value, index) => {
      const isTaken = !refused.has(index)
      if (isTaken === isValid(parse(lines[index] ?? ''))) return []
      const where = `${path.join('.')}: ${value}`
      if (isTaken) return [`${where} is taken, but not by the schema`]
      return beyondSchemas.test(path.join('.')) ? [] : [`${where} is taken by the schema alone`]
    })
  })
  assert.deepEqual(wrong, [])
})

/** What people write, rightly or wrongly, tried in every place. */
const values = [
  ...['0', '2', '-1', '201', '1.5', '900 1', 'true', 'false', 'on', '""', '[]', '{}', '[shop]', '["900 1"]'],
  ...['2Gi', '2gi', '512MB', '10mb', '1K', '2G', '2 Gi', '5s', '5S', '500ms', '90d', '500m'],
  ...[
    'shop',
    'Shop',
    'none',
    'redis:8',
    '10.0.0.0/24',
    './a.password',
    'generated',
    'require',
    'AOF',
    'retain',
  ],
  '"{flotilla}-{ordinal}"',
]

/** The places where a single value stands, from the schema itself. */
function fieldsOf(schema: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  const node = schema as {
    readonly properties?: Readonly<Record<string, unknown>>
    readonly anyOf?: readonly unknown[]
  }
  const inner = Object.entries(node.properties ?? {}).flatMap(([name, one]) => fieldsOf(one, [...path, name]))
  const choices = (node.anyOf ?? []).flatMap(one => fieldsOf(one, path))
  const all = [...(node.properties === undefined ? [path] : []), ...inner, ...choices]
  return [...new Map(all.map(one => [one.join('.'), one])).values()]
}

/** A sound manifest on one line, with this value in this place. */
function lineWith(path: readonly string[], value: string, flotilla = 'shop'): string {
  const flow = path.reduceRight((inner, key) => `{${key}: ${inner}}`, value)
  const sound: Record<string, string> = {
    apiVersion: 'flotilla/v1',
    kind: 'RedisReplication',
    metadata: `{name: ${flotilla}}`,
    spec: '{image: redis:8, replicas: 2}',
  }
  const [top = '', ...rest] = path
  const written =
    top === 'spec' && rest.length > 0 && !['image', 'replicas'].includes(rest[0] ?? '')
      ? `{image: redis:8, replicas: 2, ${flow.slice('{spec: {'.length, -1)}`
      : flow.slice(`{${top}: `.length, -1)
  const fields = {
    ...sound,
    [top]: top === 'spec' && rest[0] === 'image' ? `{image: ${value}, replicas: 2}` : written,
  }
  return `{${Object.entries(fields)
    .map(([key, text]) => `${key}: ${text}`)
    .join(', ')}}`
}

function withoutModeline(text: string): string {
  return text.replace(/^# yaml-language-server: .*\n/m, '')
}

/**
 * Which of these one-line documents Flotilla refuses. A few at a time: of a file with many mistakes it tells
 * just the first.
 */
function linesRefused(lines: readonly string[]): ReadonlySet<number> {
  const atOnce = 4
  const refused = new Set<number>()
  for (let from = 0; from < lines.length; from += atOnce) {
    const text = `--- ${lines.slice(from, from + atOnce).join('\n--- ')}\n`
    for (const { position } of parseManifest(text, { file: 'shop.yaml' }).diagnostics)
      refused.add(from + (position?.line ?? 0) - 1)
  }
  return refused
}

/**
 * What no schema can say: limits of amounts that have a unit, what needs another field beside it or must
 * differ from one, and what this daemon allows.
 */
const beyondSchemas =
  /(overlap|lifetime|memory|cpus|Timeout|timeout|Window|maxLag|pauseBetween|external|save|passwordEnv|driver)$|bootstrap/
