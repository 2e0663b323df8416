import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { spawnSync } from 'node:child_process'
import { listen } from '../../src/http/listen.js'
import { isAuthorized, loadToken, tokenPath } from '../../src/http/token.js'
import { ask, serve } from './support/serve.js'

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-http-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('it answers on a port and on a socket', async t => {
  const tcp = await listen(serve(t).app, { kind: 'tcp', host: '127.0.0.1', port: 0 })
  assert.equal((await ask(tcp, '/livez')).status, 200)
  const path = join(folderOf(t), 'http.sock')
  const unix = await listen(serve(t, { address: { kind: 'unix', path } }).app, { kind: 'unix', path })
  assert.equal((await ask(unix, '/livez', { headers: { host: 'flotilla' } })).status, 200)
})

test('a port that is taken is told as such', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  t.after(() => other.close())
  await new Promise(resolve => other.once('listening', resolve))
  const { port } = other.address() as AddressInfo
  await assert.rejects(listen(serve(t).app, { kind: 'tcp', host: '127.0.0.1', port }), {
    code: 'http/address-taken',
    message: `can't answer HTTP at 127.0.0.1:${port}: another process answers there`,
  })
})

test('a socket that a killed daemon left is replaced; one that answers, or a file, is not', async t => {
  const path = join(folderOf(t), 'http.sock')
  const leave = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', leave])
  assert.ok(existsSync(path))
  await listen(serve(t).app, { kind: 'unix', path })
  await assert.rejects(listen(serve(t).app, { kind: 'unix', path }), { code: 'http/address-taken' })
  const file = join(folderOf(t), 'notes.txt')
  writeFileSync(file, 'mine')
  await assert.rejects(listen(serve(t).app, { kind: 'unix', path: file }), { message: /no socket/ })
  assert.equal(readFileSync(file, 'utf8'), 'mine')
})

test('the token is made once, only its owner may read it, and it never prints', async t => {
  const folder = folderOf(t)
  const token = await loadToken(folder)
  assert.ok(token.reveal().length >= 43)
  assert.equal(statSync(tokenPath(folder)).mode & 0o777, 0o600)
  chmodSync(tokenPath(folder), 0o644)
  assert.equal((await loadToken(folder)).reveal(), token.reveal())
  assert.equal(statSync(tokenPath(folder)).mode & 0o777, 0o600)
  assert.ok(isAuthorized(`Bearer ${token.reveal()}`, token))
  assert.ok(!isAuthorized(`Bearer ${token.reveal().slice(1)}`, token))
  assert.ok(!isAuthorized(undefined, token))
  assert.equal(String(token), '[secret]')
})
