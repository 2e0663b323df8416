import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readAnySecretFile, secretFilesIn, type SecretRead } from '../src/secret-files.js'

function world(t: TestContext) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'flotilla-secrets-')))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  for (const folder of ['manifests', 'manifests/deep', 'state', 'run', 'other']) mkdirSync(join(root, folder))
  for (const file of ['manifests/a', 'manifests/deep/b', 'state/http.token', 'run/c', 'other/d'])
    writeFileSync(join(root, file), file)
  const read = secretFilesIn([join(root, 'manifests'), join(root, 'run')], join(root, 'state'))
  return { root, read: async (path: string) => said(await read(join(root, path))) }
}

function said(read: SecretRead): string {
  return read.kind === 'read' ? read.bytes.toString() : read.reason
}

test('a secret is read from the folder of the manifests and from those for secrets, and from nowhere else', async t => {
  const { read } = world(t)
  assert.equal(await read('manifests/a'), 'manifests/a')
  assert.equal(await read('manifests/deep/b'), 'manifests/deep/b')
  assert.equal(await read('run/c'), 'run/c')
  for (const path of ['other/d', 'state/http.token', 'manifests/../state/http.token'])
    assert.match(
      await read(path),
      /neither beside the manifests nor in a folder for secrets; .*secretFolders/,
    )
})

test('a link out of those folders leads nowhere, whether of a file or of a folder', async t => {
  const { root, read } = world(t)
  symlinkSync(join(root, 'state/http.token'), join(root, 'manifests/link'))
  symlinkSync(join(root, 'state'), join(root, 'manifests/folder'))
  symlinkSync('/proc/self/environ', join(root, 'manifests/environ'))
  symlinkSync(join(root, 'run/c'), join(root, 'manifests/fine'))
  for (const path of ['manifests/link', 'manifests/folder/http.token', 'manifests/environ'])
    assert.match(await read(path), /neither beside the manifests/)
  assert.equal(await read('manifests/fine'), 'run/c')
})

test('the state directory gives no secret away where it lies among the manifests', async t => {
  const { root } = world(t)
  const read = secretFilesIn([root], join(root, 'state'))
  assert.equal(said(await read(join(root, 'other/d'))), 'other/d')
  assert.match(said(await read(join(root, 'state/http.token'))), /neither beside the manifests/)
})

test(
  'a pipe, a device, a folder and a file of megabytes are refused at once',
  { timeout: 10_000 },
  async t => {
    const { root } = world(t)
    execFileSync('mkfifo', [join(root, 'manifests/fifo')])
    writeFileSync(join(root, 'manifests/large'), Buffer.alloc(3_000_000))
    const refusal = async (path: string) => said(await readAnySecretFile(path))
    assert.match(await refusal(join(root, 'manifests/fifo')), /is not a regular file/)
    assert.match(await refusal('/dev/zero'), /is not a regular file/)
    assert.equal(await refusal(join(root, 'manifests')), 'is a folder')
    assert.equal(await refusal(join(root, 'gone')), 'is not there')
    assert.match(
      await refusal(join(root, 'manifests/large')),
      /has 3 MiB, and no password or certificate is that large/,
    )
  },
)
