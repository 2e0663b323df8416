import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acceptConfig } from '../../../../src/reconciler/desired/accepted-config.js'
import type { FlotillaMemory } from '../../../../src/model/record.js'
import type { OptionVerdict, ImageProbe } from '../../../../src/model/image-probe.js'
import { withImageProbe } from '../../../../src/reconciler/desired/image-probe.js'
import {
  imageFacts,
  memory,
  newborn,
  nothingThere,
  nowMs,
  planIs,
  planText,
  resources,
  settledNodes,
  spec,
  witnessed,
} from '../../support/world.js'

const hz20 = { hz: ['20'] }

function verdict(tried: readonly string[], changes: Partial<OptionVerdict> = {}): OptionVerdict {
  return { tried, verdict: 'live', byDefault: '10', reads: tried.join(' '), message: null, ...changes }
}

function imageProbe(
  options: Readonly<Record<string, OptionVerdict>>,
  changes: Partial<ImageProbe> = {},
): ImageProbe {
  const outcome = { kind: 'answered', product: 'redis', version: '8.0.0', rdbVersion: 12, options } as const
  return { image: 'redis:8', imageId: 'sha256:8', atMs: nowMs, outcome, ...changes }
}

function failed(atMs: number): ImageProbe {
  return imageProbe(
    {},
    { atMs, outcome: { kind: 'failed', reason: 'it ended with exit code 1', tried: hz20 } },
  )
}

/** As a pass has it: what the trials say of the spec's options is taken into force first. */
function knowing(
  trials: readonly ImageProbe[],
  config: Readonly<Record<string, readonly string[]>>,
): FlotillaMemory {
  return acceptConfig({ ...witnessed([1, 2]), trials }, spec({ config }), 'sha256:8')
}

test('options that nobody was asked about are tried on a throwaway container, and no node is touched', () => {
  planIs(
    { spec: { config: hz20 }, memory: witnessed([1, 2]), nodes: settledNodes() },
    '1 probe-image image=redis:8 options=hz:20',
  )
})

test('nothing is created for options that nobody was asked about; an image that is not here is pulled first', () => {
  planIs(
    {
      spec: { config: hz20 },
      memory: memory(null),
      seen: { resources: { ...nothingThere, image: null } },
    },
    `
      1 pull-image image=redis:8
      2 probe-image image=redis:8 options=hz:20
    `,
    'image-probe/nothing is created for options that nobody was asked about an image',
  )
})

test('a value that the server refuses is a hold that quotes it, and nothing is changed', () => {
  const message = 'argument must be between 1 and 500 inclusive'
  const refused = imageProbe({ hz: verdict(['9000'], { verdict: 'invalid', message, reads: null }) })
  planIs(
    {
      spec: { config: { hz: ['9000'] } },
      memory: knowing([refused], { hz: ['9000'] }),
      nodes: settledNodes(),
    },
    `
      hold ConfigRefused
        spec.config.hz
    `,
    'image-probe/a value that the server refuses is a hold that quotes it',
  )
})

test('while one option is refused, those in force before stay in force, and the good one beside it is not set', () => {
  const before = knowing([imageProbe({ hz: verdict(['20']) })], hz20)
  const wanted = { hz: ['50'], bad: ['x'] }
  const next = imageProbe({
    hz: verdict(['50']),
    bad: verdict(['x'], { verdict: 'unknown', byDefault: null, reads: null }),
  })
  const after = acceptConfig(
    { ...before, trials: withImageProbe(before.trials, next) },
    spec({ config: wanted }),
    'sha256:8',
  )
  assert.deepEqual(after.config?.live, { hz: '20' })
})

test('a new image is tried before the first node is replaced', () => {
  planIs(
    {
      spec: { image: 'redis:9' },
      memory: witnessed([1, 2]),
      nodes: settledNodes(),
      seen: { resources: resources({ image: imageFacts({ imageId: 'sha256:9' }) }) },
    },
    '1 probe-image image=redis:9',
    'image-probe/a new image is tried before the first node is replaced',
  )
})

test('an image that failed is tried again after a minute, not before', () => {
  const facts = (atMs: number) =>
    planText({ spec: { config: hz20 }, memory: knowing([failed(atMs)], hz20), nodes: settledNodes() })
  assert.match(facts(nowMs - 5_000), /^refuses \(ConfigRefused\)/)
  assert.match(facts(nowMs - 61_000), /^stage 1\n {2}try image/)
})

test('a trial does not keep a node that is down waiting', () => {
  const [master, first] = settledNodes()
  assert.ok(master !== undefined && first !== undefined)
  planIs(
    {
      spec: { config: hz20 },
      memory: witnessed([1, 2]),
      nodes: [master, first, newborn(2)],
    },
    `
      1 follow 2 master=0
      2 apply-config 2
    `,
    'image-probe/a trial does not keep a node that is down waiting',
  )
})

test('a container of a trial that was cut short is removed, by its id', () => {
  planIs(
    {
      memory: witnessed([1, 2]),
      nodes: settledNodes(),
      seen: { leftovers: [{ containerId: 'abc', name: 'shop-trial' }] },
    },
    '1 remove-leftover containerId=abc shop-trial',
    'image-probe/a container of a trial that was cut short is removed by',
  )
})

test('the options in force are set on running nodes; one that is taken away gets its default again', () => {
  const known = knowing([imageProbe({ hz: verdict(['20']) })], hz20)
  const without = acceptConfig(known, spec(), 'sha256:8')
  assert.deepEqual(known.config?.live, { hz: '20' })
  assert.deepEqual(without.config?.live, {})
  planIs(
    { memory: without, nodes: settledNodes(), configPending: [0, 1, 2] },
    `
      1 apply-config 0
      1 apply-config 1
      1 apply-config 2
    `,
    'image-probe/the options in force are set on running nodes one that is',
  )
})

const refused = (
  trials: readonly ImageProbe[],
  config: Readonly<Record<string, readonly string[]>>,
): string => planText({ spec: { config }, memory: knowing(trials, config), nodes: settledNodes() })

test('every option that is refused is told, each in its own words', () => {
  const config = { odd: ['1'], hz: ['many', 'more'], save: ['x'] }
  const told = refused(
    [
      imageProbe({
        odd: verdict(['1'], { verdict: 'unknown' }),
        hz: verdict(['many', 'more'], { verdict: 'invalid', message: 'argument must be a number' }),
        save: verdict(['x'], { verdict: 'invalid' }),
      }),
    ],
    config,
  )
  assert.equal(
    told,
    'refuses (ConfigRefused): odd is no option of redis 8.0.0; hz can\'t be "many", "more": argument must be a number; save can\'t be "x": the server refuses it. No option of this spec is applied, and no node is touched\n  fix: change spec.config.odd in the manifest of shop and save it\n',
  )
})

test('options that no server of the image can be asked about are a hold that says why', () => {
  assert.equal(
    refused([failed(nowMs - 1_000)], hz20),
    "refuses (ConfigRefused): the options of spec.config can't be tried, because no server of the image redis:8 comes up: it ended with exit code 1\n  fix: put spec.image right in the manifest of shop   (this one is tried again every minute)\n",
  )
})

test('a manifest without options has nothing to be refused', () => {
  assert.equal(refused([failed(nowMs - 1_000)], {}), 'nothing to do\n')
})

test('an image that failed is tried again just a minute later, with what it failed of as the cause', () => {
  assert.doesNotMatch(refused([failed(nowMs - 59_999)], hz20), /stage/)
  assert.match(
    refused([failed(nowMs - 60_000)], hz20),
    /try image redis:8, hz on a throwaway container {2}# it failed before: it ended with exit code 1/,
  )
})

test('what is not known of several options is asked at once', () => {
  assert.match(
    refused([imageProbe({})], { hz: ['20'], save: [''] }),
    /# what it makes of hz, save is not known/,
  )
})
