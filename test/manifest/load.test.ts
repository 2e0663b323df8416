import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, open, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import type { TestContext } from 'node:test'
import { loadManifests } from '../../src/manifest/load.js'
import type { LoadResult } from '../../src/manifest/load.js'
import { manifest, rendered } from './samples.js'

async function scratch(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-load-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Each file with its names, or with what is wrong; paths without the scratch folder. */
function summary(load: LoadResult, folder: string): unknown {
  if (load.kind !== 'loaded') return load.kind
  return load.files.map(outcome => {
    const said =
      outcome.diagnostics.length > 0
        ? rendered(outcome.diagnostics)
        : outcome.kind === 'parsed' && outcome.declared.map(({ spec }) => spec.name)
    return JSON.stringify([outcome.file, said]).replaceAll(`${folder}/`, '')
  })
}

test('a directory gives its manifests in the order of their names, and nothing else', async t => {
  const folder = await scratch(t)
  await mkdir(join(folder, 'inner.yaml'))
  await writeFile(join(folder, 'inner.yaml', 'x.yaml'), manifest('inner'))
  for (const [name, text] of [
    ['b.yml', manifest('b')],
    ['a.yaml', manifest('a')],
    ['.hidden.yaml', manifest('hidden')],
    ['c.example.yaml', manifest('example')],
    ['flotilla.schema.json', '{}'],
    ['README.md', '# hi'],
    ['a.yaml~', manifest('backup')],
  ] as const)
    await writeFile(join(folder, name), text)
  assert.deepEqual(summary(await loadManifests(folder), folder), ['["a.yaml",["a"]]', '["b.yml",["b"]]'])
})

test('a single file is read whatever it is called', async t => {
  const folder = await scratch(t)
  await writeFile(join(folder, 'c.example.yaml'), manifest('example'))
  const load = await loadManifests(join(folder, 'c.example.yaml'))
  assert.deepEqual(summary(load, folder), ['["c.example.yaml",["example"]]'])
})

test('nothing there, nothing in it and no entry are three different things', async t => {
  const folder = await scratch(t)
  assert.equal((await loadManifests(join(folder, 'no'))).kind, 'missing')
  assert.equal((await loadManifests(folder)).kind, 'empty')
  await writeFile(join(folder, 'file'), '')
  assert.equal((await loadManifests(join(folder, 'file', 'inner'))).kind, 'missing')
  await symlink('loop', join(folder, 'loop'))
  assert.equal((await loadManifests(join(folder, 'loop'))).kind, 'unreadable')
})

test('a file that is no text for us is refused with the reason, and the others are read', async t => {
  const folder = await scratch(t)
  await writeFile(join(folder, 'a-sound.yaml'), manifest('sound'))
  const big = await open(join(folder, 'big.yaml'), 'w')
  await big.truncate(10 * 1024 * 1024)
  await big.close()
  await symlink('gone', join(folder, 'dangling.yaml'))
  execFileSync('mkfifo', [join(folder, 'fifo.yaml')])
  await writeFile(join(folder, 'latin1.yaml'), Buffer.from('# ok\nname: caf\xe9\n', 'latin1'))
  await symlink('loop.yaml', join(folder, 'loop.yaml'))
  await writeFile(join(folder, 'slightly.yaml'), '#'.repeat(1024 * 1024 + 1))
  await writeFile(join(folder, 'utf16.yaml'), Buffer.from('\uFEFFname: x', 'utf16le'))
  await symlink('/dev/zero', join(folder, 'zero.yaml'))
  assert.deepEqual(summary(await loadManifests(folder), folder), [
    '["a-sound.yaml",["sound"]]',
    '["big.yaml",["big.yaml: has 10 MiB, and a manifest can have 1 MiB at most; split it into several files"]]',
    '["dangling.yaml",["dangling.yaml: is a link to something that does not exist; restore its target, or remove the link"]]',
    '["fifo.yaml",["fifo.yaml: is not a regular file (a pipe, socket or device); replace it with a file"]]',
    '["latin1.yaml",["latin1.yaml:2:10: not UTF-8 from here on; save the file as UTF-8, or remove this character"]]',
    '["loop.yaml",["loop.yaml: is a link that leads back to itself; replace it with a file"]]',
    '["slightly.yaml",["slightly.yaml: has 1025 KiB, and a manifest can have 1 MiB at most; split it into several files"]]',
    '["utf16.yaml",["utf16.yaml: is UTF-16; save it as UTF-8"]]',
    '["zero.yaml",["zero.yaml: is not a regular file (a pipe, socket or device); replace it with a file"]]',
  ])
})

test('a file that says it has no size and never ends is read up to the limit only', async () => {
  const load = await loadManifests('/proc/self/pagemap')
  assert.equal(load.kind === 'loaded' && load.files[0]?.kind, 'unreadable')
})

test('the fingerprint follows names and contents, and nothing else', async t => {
  const folder = await scratch(t)
  const seen = new Set<string>()
  const look = async (): Promise<void> => void seen.add((await loadManifests(folder)).fingerprint)
  await look()
  await writeFile(join(folder, 'a.yaml'), manifest('a'))
  await look()
  await writeFile(join(folder, 'a.yaml'), manifest('b'))
  await look()
  await writeFile(join(folder, 'b.yaml'), '')
  await look()
  assert.equal(seen.size, 4)
  await writeFile(join(folder, 'a.yaml'), manifest('b'))
  await writeFile(join(folder, 'notes.txt'), 'x')
  await look()
  assert.equal(seen.size, 4)
})
