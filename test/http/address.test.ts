import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseHttpAddress, renderHttpAddress, requireSafe } from '../../src/http/address.js'

test('an address is host:port, a port on loopback, a socket, or off', () => {
  const cases = [
    ['127.0.0.1:8379', '127.0.0.1:8379'],
    ['8379', '127.0.0.1:8379'],
    ['[::1]:80', '[::1]:80'],
    ['localhost:0', 'localhost:0'],
    ['unix:/run/f.sock', 'unix:/run/f.sock'],
    ['unix:///run/f.sock', 'unix:/run/f.sock'],
    ['unix:state/f.sock', 'unix:state/f.sock'],
    ['off', 'off'],
  ] as const
  for (const [given, read] of cases) assert.equal(renderHttpAddress(parseHttpAddress(given)), read)
})

test('what is no address is refused with what one looks like', () => {
  for (const text of ['', 'on', 'host', '1.2.3.4:', ':80', '1:2:3', '[fe80]:80', '127.0.0.1:65536', 'unix:'])
    assert.throws(() => parseHttpAddress(text), { code: 'usage/invalid', hint: /127\.0\.0\.1:8379/ })
})

test('beyond loopback it answers with TLS or not at all', () => {
  for (const safe of ['127.0.0.1:1', '127.9.9.9:1', '[::1]:1', 'localhost:1', 'unix:/s'])
    requireSafe(parseHttpAddress(safe), false)
  for (const open of ['0.0.0.0:1', '[::]:1', '10.0.0.1:1', 'myhost:1', '127.evil.example:1']) {
    assert.throws(() => requireSafe(parseHttpAddress(open), false), { code: 'http/unsafe' })
    requireSafe(parseHttpAddress(open), true)
  }
})
