import assert from 'node:assert/strict'
import test from 'node:test'
import {
  updateDesiredState as fold,
  desiredStateFromRecords,
  neverDelete,
  emptyDesiredState,
} from '../../src/manifest/desired-state.js'
import type { DesiredState } from '../../src/manifest/desired-state.js'
import type { LoadResult } from '../../src/manifest/load.js'
import { loaded, manifest, rendered } from './samples.js'

/** Without a grace period: what is missing is deleted at once. */
const updateDesiredState = (before: DesiredState, load: LoadResult): DesiredState =>
  fold(before, load, { nowMs: 0, graceMs: () => 0 })

const two = (replicas = 2): string =>
  `${manifest('a', `  replicas: ${replicas}`)}---\n${manifest('b', `  replicas: ${replicas}`)}`
const broken = manifest('a', '  replicas: x')
const brokenSays = 'm/a.yaml:6:13: replicas must be a whole number from 0 to 200, not "x"; write replicas: 2'

/** `name=replicas`, with what is wrong behind it; deleted ones with a minus. */
function told(desiredState: DesiredState): readonly string[] {
  return [
    ...[...desiredState.flotillas].map(([name, { spec, diagnostics }]) =>
      [`${name}=${spec.replicas}`, ...rendered(diagnostics)].join(' | '),
    ),
    ...desiredState.deleted.map(({ name }) => `-${name}`),
  ]
}

type Files = Readonly<Record<string, string | null>>
const only = (kind: 'missing' | 'empty'): LoadResult => ({ kind, path: 'm', fingerprint: kind })
const asLoad = (what: Files | LoadResult): LoadResult =>
  'fingerprint' in what ? (what as LoadResult) : loaded(what)

/** What happens, the loads one after the other, and what is wanted in the end. */
const table: readonly { what: string; loads: readonly (Files | LoadResult)[]; expect: readonly string[] }[] =
  [
    { what: 'a sound file is believed', loads: [{ 'a.yaml': two() }], expect: ['a=2', 'b=2'] },
    {
      what: 'a sound change is taken',
      loads: [{ 'a.yaml': two() }, { 'a.yaml': two(5) }],
      expect: ['a=5', 'b=5'],
    },
    {
      what: 'a broken save keeps the last good spec and says what is wrong',
      loads: [{ 'a.yaml': manifest('a') }, { 'a.yaml': broken }],
      expect: [`a=2 | ${brokenSays}`],
    },
    {
      what: 'a save that is not YAML at all keeps the last good spec',
      loads: [{ 'a.yaml': manifest('a') }, { 'a.yaml': 'spec: [' }],
      expect: ['a=2 | m/a.yaml:1:8: a [ that was opened above is not closed before this line; add the ]'],
    },
    {
      what: 'a file that can not be read keeps the last good spec',
      loads: [{ 'a.yaml': manifest('a') }, { 'a.yaml': null }],
      expect: ['a=2 | m/a.yaml: may not be read by this user; give it read permission'],
    },
    {
      what: 'a broken save that is fixed is taken',
      loads: [
        { 'a.yaml': manifest('a') },
        { 'a.yaml': broken },
        { 'a.yaml': manifest('a', '  replicas: 3') },
      ],
      expect: ['a=3'],
    },
    {
      what: 'two broken saves later the last good spec is still in force',
      loads: [{ 'a.yaml': manifest('a') }, { 'a.yaml': broken }, { 'a.yaml': broken }],
      expect: [`a=2 | ${brokenSays}`],
    },
    {
      what: 'each document stands for itself: a broken one holds back no change to the others of its file',
      loads: [{ 'a.yaml': two() }, { 'a.yaml': `${broken}---\n${manifest('b', '  replicas: 7')}` }],
      expect: ['b=7', `a=2 | ${brokenSays}`],
    },
    {
      what: 'a document that did not change is not blamed for another one of its file',
      loads: [{ 'a.yaml': two() }, { 'a.yaml': `${broken}---\n${manifest('b')}` }],
      expect: ['b=2', `a=2 | ${brokenSays}`],
    },
    {
      what: 'a broken file does not hold back the others',
      loads: [
        { 'a.yaml': manifest('a'), 'b.yaml': manifest('b') },
        { 'a.yaml': broken, 'b.yaml': manifest('b', '  replicas: 4') },
      ],
      expect: ['b=4', `a=2 | ${brokenSays}`],
    },
    {
      what: 'at the first load the sound documents of a broken file are taken',
      loads: [{ 'a.yaml': `${broken}---\n${manifest('b')}` }],
      expect: ['b=2'],
    },
    {
      what: 'a file that is gone deletes its flotillas',
      loads: [{ 'a.yaml': two(), 'c.yaml': manifest('c') }, { 'c.yaml': manifest('c') }],
      expect: ['c=2', '-a', '-b'],
    },
    {
      what: 'a document removed from a sound file deletes its flotilla',
      loads: [{ 'a.yaml': two() }, { 'a.yaml': manifest('b') }],
      expect: ['b=2', '-a'],
    },
    {
      what: 'a deletion is told once',
      loads: [{ 'a.yaml': two() }, { 'a.yaml': manifest('b') }, { 'a.yaml': manifest('b') }],
      expect: ['b=2'],
    },
    {
      what: 'a document removed from a file that is broken elsewhere deletes nothing',
      loads: [{ 'a.yaml': `${two()}---\n${manifest('c')}` }, { 'a.yaml': `${broken}---\n${manifest('c')}` }],
      expect: ['c=2', `a=2 | ${brokenSays}`, `b=2 | ${brokenSays}`],
    },
    {
      what: 'a flotilla that moves to another file is not deleted',
      loads: [
        { 'a.yaml': manifest('a'), 'c.yaml': manifest('c') },
        { 'c.yaml': manifest('c'), 'z.yaml': manifest('a', '  replicas: 3') },
      ],
      expect: ['c=2', 'a=3'],
    },
    {
      what: 'a flotilla that moves into a broken file is kept',
      loads: [
        { 'x.yaml': manifest('a'), 'c.yaml': manifest('c') },
        { 'a.yaml': broken, 'c.yaml': manifest('c') },
      ],
      expect: ['c=2', `a=2 | ${brokenSays}`],
    },
    {
      what: 'while a file can not be read, what no other declares is kept',
      loads: [
        { 'a.yaml': manifest('a'), 'c.yaml': manifest('c') },
        { 'c.yaml': manifest('c'), 'z.yaml': null },
      ],
      expect: [
        'c=2',
        'a=2 | m/z.yaml: may not be read by this user; give it read permission | m/z.yaml: might declare a, which no other file does, so a is kept until this file is fixed',
      ],
    },
    {
      what: 'a broken file that names only others keeps no deletion up',
      loads: [
        { 'a.yaml': manifest('a'), 'c.yaml': manifest('c'), 'd.yaml': manifest('d') },
        { 'a.yaml': broken, 'c.yaml': manifest('c') },
      ],
      expect: ['c=2', `a=2 | ${brokenSays}`, '-d'],
    },
    {
      what: 'a file that was cut to nothing keeps what came from it',
      loads: [
        { 'a.yaml': two(), 'c.yaml': manifest('c') },
        { 'a.yaml': '', 'c.yaml': manifest('c') },
      ],
      expect: [
        'c=2',
        'a=2 | m/a.yaml: declares nothing, so a is kept as it was; put its document back, or delete the file to remove a',
        'b=2 | m/a.yaml: declares nothing, so b is kept as it was; put its document back, or delete the file to remove b',
      ],
    },
    {
      what: 'deleting the file that was cut to nothing then deletes',
      loads: [
        { 'a.yaml': manifest('a'), 'c.yaml': manifest('c') },
        { 'a.yaml': '', 'c.yaml': manifest('c') },
        { 'c.yaml': manifest('c') },
      ],
      expect: ['c=2', '-a'],
    },
    {
      what: 'a file of comments elsewhere keeps no deletion up',
      loads: [
        { 'a.yaml': manifest('a'), 'c.yaml': manifest('c'), 'notes.yaml': '# later' },
        { 'c.yaml': manifest('c'), 'notes.yaml': '# later' },
      ],
      expect: ['c=2', '-a'],
    },
    {
      what: 'a directory whose last manifest is gone deletes nothing and says how to fix it',
      loads: [{ 'a.yaml': manifest('a') }, only('empty')],
      expect: [
        'a=2 | m: holds no manifest; put one in it (a file that ends in .yaml). Nothing is deleted because of that: a stays as last declared. To remove it, run: flotilla down a',
      ],
    },
    {
      what: 'a directory that is unmounted deletes nothing',
      loads: [{ 'a.yaml': two() }, only('missing')],
      expect: ['a', 'b'].map(
        name =>
          `${name}=2 | m: does not exist; create it, or mount it again. Nothing is deleted because of that: a, b stay as last declared. To remove one, run: flotilla down a`,
      ),
    },
    {
      what: 'a directory that can not be read deletes nothing',
      loads: [
        { 'a.yaml': manifest('a') },
        {
          kind: 'unreadable',
          path: 'm',
          fingerprint: 'u',
          reason: 'may not be read by this user; give it read permission',
        },
      ],
      expect: [
        'a=2 | m: may not be read by this user; give it read permission. Nothing is deleted because of that: a stays as last declared. To remove it, run: flotilla down a',
      ],
    },
    {
      what: 'a directory that comes back as it was changes nothing',
      loads: [{ 'a.yaml': two() }, only('missing'), only('empty'), { 'a.yaml': two() }],
      expect: ['a=2', 'b=2'],
    },
    {
      what: 'after the directory was away, a file that is missing from it is a deletion',
      loads: [
        { 'a.yaml': manifest('a'), 'c.yaml': manifest('c') },
        only('missing'),
        { 'c.yaml': manifest('c') },
      ],
      expect: ['c=2', '-a'],
    },
    {
      what: 'a copy with the same name does not touch the flotilla that it copies',
      loads: [
        { 'm.yaml': manifest('a') },
        { 'a.yaml': manifest('a', '  replicas: 9'), 'm.yaml': manifest('a') },
      ],
      expect: ['a=2'],
    },
    {
      what: 'a flotilla whose name was changed into a taken one is kept',
      loads: [
        { 'a.yaml': manifest('a'), 'b.yaml': manifest('b') },
        { 'a.yaml': manifest('a'), 'b.yaml': manifest('a') },
      ],
      expect: [
        'a=2',
        'b=2 | m/b.yaml:4:9: the name a is taken by m/a.yaml:4:9; give this flotilla another name, or remove one of the two documents',
      ],
    },
    {
      what: 'a flotilla whose name was changed is deleted under the old one',
      loads: [{ 'a.yaml': manifest('a') }, { 'a.yaml': manifest('b') }],
      expect: ['b=2', '-a'],
    },
  ]

for (const { what, loads, expect } of table)
  test(what, () => {
    const end = loads.reduce<DesiredState>(
      (desiredState, load) => updateDesiredState(desiredState, asLoad(load)),
      emptyDesiredState,
    )
    assert.deepEqual(told(end), expect)
  })

/** What is wanted at the end of loads that were made at these times, with a grace of a minute. */
function wantedAt(loads: readonly (readonly [atMs: number, files: Files | LoadResult])[]): DesiredState {
  return loads.reduce<DesiredState>(
    (desiredState, [nowMs, load]) => fold(desiredState, asLoad(load), { nowMs, graceMs: () => 60_000 }),
    emptyDesiredState,
  )
}
const both = { 'a.yaml': manifest('a'), 'c.yaml': manifest('c') }
const onlyC = { 'c.yaml': manifest('c') }

test('a flotilla whose document is gone is kept for a grace period, and deleted when it is over', () => {
  const during = wantedAt([
    [0, both],
    [5_000, onlyC],
    [64_999, onlyC],
  ])
  assert.deepEqual(told(during), ['c=2', 'a=2'])
  assert.deepEqual(during.flotillas.get('a')?.missing, { sinceMs: 5_000, removedAtMs: 65_000 })
  const after = wantedAt([
    [0, both],
    [5_000, onlyC],
    [65_000, onlyC],
  ])
  assert.deepEqual(told(after), ['c=2', '-a'])
})

test('the return of the file ends the grace period, and the next absence has all of it', () => {
  const again = wantedAt([
    [0, both],
    [5_000, onlyC],
    [60_000, both],
    [64_000, onlyC],
    [70_000, onlyC],
  ])
  assert.deepEqual(told(again), ['c=2', 'a=2'])
  assert.equal(again.flotillas.get('a')?.missing?.removedAtMs, 124_000)
})

test('a folder that is unmounted during the grace period deletes nothing, and ends it', () => {
  const unmounted = wantedAt([
    [0, both],
    [5_000, onlyC],
    [70_000, only('missing')],
  ])
  assert.deepEqual([...unmounted.flotillas.keys()], ['c', 'a'])
  assert.equal(unmounted.flotillas.get('a')?.missing, null)
})

test('whoever only looks at the manifests sees nothing deleted, however long it is missing', () => {
  const seen = fold(
    desiredStateFromRecords([...wantedAt([[0, both]]).flotillas.values()].map(({ spec }) => spec)),
    loaded(onlyC),
    neverDelete,
  )
  assert.deepEqual(told(seen), ['c=2', 'a=2'])
  assert.notEqual(seen.flotillas.get('a')?.missing, null)
})

const folded = updateDesiredState(emptyDesiredState, loaded({ 'x.yaml': two(4) })).flotillas
const fromMemory = (): DesiredState => desiredStateFromRecords([...folded.values()].map(({ spec }) => spec))

const restarts: readonly { what: string; load: Files | LoadResult; expect: readonly string[] }[] = [
  { what: 'what is declared is taken', load: { 'a.yaml': two() }, expect: ['a=2', 'b=2'] },
  { what: 'what was removed meanwhile is deleted', load: { 'a.yaml': manifest('b') }, expect: ['b=2', '-a'] },
  {
    what: 'a broken document leaves the remembered spec in force',
    load: { 'a.yaml': `${broken}---\n${manifest('b', '  replicas: 4')}` },
    expect: ['b=4', `a=4 | ${brokenSays}`],
  },
  {
    what: 'a file of comments might have been the one that declared it',
    load: { 'a.yaml': '# gone?', 'b.yaml': manifest('b') },
    expect: [
      'b=2',
      'a=4 | m/a.yaml: declares nothing, so a is kept as it was; put its document back, or delete the file to remove a',
    ],
  },
  {
    what: 'an empty directory deletes nothing',
    load: only('empty'),
    expect: ['a', 'b'].map(
      name =>
        `${name}=4 | m: holds no manifest; put one in it (a file that ends in .yaml). Nothing is deleted because of that: a, b stay as last declared. To remove one, run: flotilla down a`,
    ),
  },
]
for (const { what, load, expect } of restarts)
  test(`after a restart: ${what}`, () => {
    assert.deepEqual(told(updateDesiredState(fromMemory(), asLoad(load))), expect)
  })

test('a deletion carries the last accepted spec, whose policy now applies', () => {
  const before = updateDesiredState(
    emptyDesiredState,
    loaded({ 'a.yaml': manifest('a', '  replicas: 1\n  deletionPolicy: Delete'), 'b.yaml': manifest('b') }),
  )
  const after = updateDesiredState(before, loaded({ 'b.yaml': manifest('b') }))
  assert.deepEqual(
    after.deleted.map(({ name, spec }) => [name, spec.deletionPolicy]),
    [['a', 'Delete']],
  )
})

test('everything wrong is listed once, in the order of the files', () => {
  const desiredState = updateDesiredState(
    updateDesiredState(emptyDesiredState, loaded({ 'a.yaml': manifest('a'), 'b.yaml': manifest('b') })),
    loaded({ 'a.yaml': broken, 'b.yaml': '' }),
  )
  assert.deepEqual(rendered(desiredState.diagnostics), [
    brokenSays,
    'm/b.yaml: declares nothing, so b is kept as it was; put its document back, or delete the file to remove b',
  ])
})

test('nothing there and nothing known says only what to do', () => {
  assert.deepEqual(rendered(updateDesiredState(emptyDesiredState, only('missing')).diagnostics), [
    'm: does not exist; create it, or mount it again',
  ])
})
