import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createPathStore } from '../../src/backup/path-store.js'
import { writeText } from '../../src/backup/store.js'
import { backupStoreContract } from '../contract/backup-store-contract.js'

async function folder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'flotilla-backups-'))
}

describe('a folder is a store', () => {
  backupStoreContract(async () => {
    const path = await folder()
    return {
      open: () => createPathStore(path),
      close: () => rm(path, { recursive: true, force: true }),
    }
  })
})

test('a folder that is not there is refused with the command that makes it, and is not made', async () => {
  const path = join(await folder(), 'not-mounted')
  await assert.rejects(writeText(createPathStore(path), 'shop/x', 'x'), {
    code: 'backup/unreachable',
    hint: `If its disk is mounted and this is where they are to go: mkdir -p ${path}`,
  })
  await assert.rejects(stat(path))
})

test('what is written is only for its owner to read', async () => {
  const path = await folder()
  await chmod(path, 0o755)
  await writeText(createPathStore(path), 'shop/x', 'x')
  assert.equal((await stat(join(path, 'shop/x'))).mode & 0o777, 0o600)
  assert.equal((await stat(join(path, 'shop'))).mode & 0o777, 0o700)
  assert.deepEqual(await readdir(join(path, 'shop')), ['x'])
})
