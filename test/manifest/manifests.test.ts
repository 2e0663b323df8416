import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { manifestJsonSchema, manifestJsonSchemaText } from '../../src/manifest/json-schema.js'
import { updateDesiredState, neverDelete, emptyDesiredState } from '../../src/manifest/desired-state.js'
import { loadManifests } from '../../src/manifest/load.js'

/** The folder that has `manifests`, from wherever the tests were compiled to. */
function findManifests(): string {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    if (readdirSync(folder).includes('manifests')) return join(folder, 'manifests')
    if (folder === dirname(folder)) return assert.fail('run the tests from inside the project')
  }
}
const manifests = findManifests()

test('the manifest that the daemon starts with is sound', async () => {
  const { flotillas, diagnostics } = updateDesiredState(
    emptyDesiredState,
    await loadManifests(manifests),
    neverDelete,
  )
  assert.deepEqual(diagnostics, [])
  assert.deepEqual(
    [...flotillas.values()].map(({ spec }) => [spec.name, spec.image, spec.replicas]),
    [['shop', 'redis:8', 2]],
  )
})

test('every example is sound, and all can be used together', async () => {
  const { flotillas, diagnostics } = updateDesiredState(
    emptyDesiredState,
    await loadManifests(join(manifests, 'examples')),
    neverDelete,
  )
  assert.deepEqual(diagnostics, [])
  assert.ok(flotillas.size >= 6)
})

test('every manifest of ours tells editors where its schema is', () => {
  for (const [folder, schema] of [
    [manifests, './flotilla.schema.json'],
    [join(manifests, 'examples'), '../flotilla.schema.json'],
  ] as const)
    for (const name of readdirSync(folder).filter(entry => entry.endsWith('.yaml')))
      assert.ok(
        readFileSync(join(folder, name), 'utf8').startsWith(`# yaml-language-server: $schema=${schema}\n`),
        name,
      )
})

test('the committed schema is what npm run generate:schema makes', () => {
  assert.equal(readFileSync(join(manifests, 'flotilla.schema.json'), 'utf8'), manifestJsonSchemaText())
})

test('every field of the schema has a description for editors', () => {
  const bare: string[] = []
  const walk = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return
    const { properties, anyOf } = schema as { properties?: Record<string, unknown>; anyOf?: unknown[] }
    for (const [key, inner] of Object.entries(properties ?? {})) {
      if (!(typeof inner === 'object' && inner !== null && 'description' in inner))
        bare.push(`${path}.${key}`)
      walk(inner, `${path}.${key}`)
    }
    for (const branch of anyOf ?? []) walk(branch, path)
  }
  walk(manifestJsonSchema(), '')
  assert.deepEqual(bare, [])
})

test('editors are told what is required and that other keys are errors', () => {
  const { $schema, required, additionalProperties, properties } = manifestJsonSchema() as {
    $schema: string
    required: string[]
    additionalProperties: boolean
    properties: { spec: { required: string[]; properties: Record<string, { default?: unknown }> } }
  }
  assert.equal($schema, 'http://json-schema.org/draft-07/schema#')
  assert.deepEqual(required, ['apiVersion', 'kind', 'metadata', 'spec'])
  assert.equal(additionalProperties, false)
  assert.deepEqual(properties.spec.required, ['replicas'])
  assert.deepEqual(
    Object.entries(properties.spec.properties).flatMap(([key, field]) =>
      'default' in field ? [[key, field.default]] : [],
    ),
    [
      ['image', 'redis:8'],
      ['imagePull', {}],
      ['auth', 'generated'],
      ['tls', 'off'],
      ['persistence', 'aof'],
      ['config', {}],
      ['resources', {}],
      ['container', {}],
      ['failover', {}],
      ['durability', {}],
      ['update', {}],
      ['network', {}],
      ['labels', {}],
      ['hibernate', false],
      ['deletionPolicy', 'Retain'],
    ],
  )
})
