import assert from 'node:assert/strict'
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import type { TestContext } from 'node:test'
import { FlotillaError } from '../../src/errors.js'
import { rewriteManifest } from '../../src/manifest/write.js'

async function scratch(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-write-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

test('a rewritten manifest is a new file with the old mode, and nothing else is left', async t => {
  const folder = await scratch(t)
  const file = join(folder, 'shop.yaml')
  await writeFile(file, '\uFEFFold\r\n')
  await chmod(file, 0o664)
  const before = await stat(file)
  assert.equal(await rewriteManifest(file, text => text.replace('old', 'new')), true)
  assert.equal(await readFile(file, 'utf8'), '\uFEFFnew\r\n')
  const after = await stat(file)
  assert.deepEqual([after.mode, after.uid, after.gid], [before.mode, before.uid, before.gid])
  assert.notEqual(after.ino, before.ino)
  assert.deepEqual(await readdir(folder), ['shop.yaml'])
})

test('a link stays a link, and its target is rewritten', async t => {
  const folder = await scratch(t)
  await mkdir(join(folder, 'real'))
  await writeFile(join(folder, 'real', 'shop.yaml'), 'old')
  await symlink('real/shop.yaml', join(folder, 'shop.yaml'))
  await rewriteManifest(join(folder, 'shop.yaml'), () => 'new')
  assert.ok((await lstat(join(folder, 'shop.yaml'))).isSymbolicLink())
  assert.equal(await readFile(join(folder, 'real', 'shop.yaml'), 'utf8'), 'new')
})

test('no change writes nothing', async t => {
  const file = join(await scratch(t), 'shop.yaml')
  await writeFile(file, 'same')
  const { ino } = await stat(file)
  assert.equal(await rewriteManifest(file, text => text), false)
  assert.equal((await stat(file)).ino, ino)
})

test('what somebody else saved meanwhile stands', async t => {
  const folder = await scratch(t)
  const file = join(folder, 'shop.yaml')
  await writeFile(file, 'old')
  const attempt = rewriteManifest(file, () => {
    writeFileSync(file, 'theirs')
    return 'ours'
  })
  await assert.rejects(attempt, (error: unknown) => {
    assert.ok(error instanceof FlotillaError)
    assert.equal(error.code, 'manifest/edit-refused')
    assert.equal(error.message, `${file}: was saved by someone else meanwhile`)
    return true
  })
  assert.equal(await readFile(file, 'utf8'), 'theirs')
  assert.deepEqual(await readdir(folder), ['shop.yaml'])
})

test('an edit that is refused leaves the file as it is', async t => {
  const file = join(await scratch(t), 'shop.yaml')
  await writeFile(file, 'old')
  const refusal = new FlotillaError('manifest/edit-refused', 'no')
  await assert.rejects(
    rewriteManifest(file, () => {
      throw refusal
    }),
    refusal,
  )
  assert.equal(await readFile(file, 'utf8'), 'old')
})

for (const [what, name, message] of [
  ['a file that is not there', 'none.yaml', 'does not exist'],
  ['a directory', '.', 'is a directory; name the manifest in it'],
] as const)
  test(`${what} is refused before the edit`, async t => {
    const file = join(await scratch(t), name)
    await assert.rejects(
      rewriteManifest(file, () => assert.fail('was called')),
      { code: 'manifest/unreadable', message: `${file}: ${message}` },
    )
  })
