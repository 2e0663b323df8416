import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseHttpAddresses, renderHttpAddress, requireSafe } from '../../src/http/address.js'

test('addresses are host:port, a port on loopback, a socket, several of them, or off', () => {
  const cases = [
    ['127.0.0.1:8379', '127.0.0.1:8379'],
    ['8379', '127.0.0.1:8379'],
    ['[::1]:80', '[::1]:80'],
    ['localhost:0', 'localhost:0'],
    ['unix:/run/f.sock', 'unix:/run/f.sock'],
    ['unix:///run/f.sock', 'unix:/run/f.sock'],
    ['unix:state/f.sock', 'unix:state/f.sock'],
    ['off', ''],
    ['8379, unix:/run/f.sock', '127.0.0.1:8379,unix:/run/f.sock'],
  ] as const
  for (const [given, read] of cases)
    assert.equal(parseHttpAddresses(given).map(renderHttpAddress).join(','), read)
})

test('what is no address is refused with what one looks like', () => {
  for (const text of [
    '',
    'on',
    'host',
    '1.2.3.4:',
    ':80',
    '1:2:3',
    '[fe80]:80',
    '127.0.0.1:65536',
    'unix:',
    '8379,',
    '8379,off',
  ])
    assert.throws(() => parseHttpAddresses(text), { code: 'usage/invalid', hint: /127\.0\.0\.1:8379/ })
})

function judge(text: string, hasTls: boolean): void {
  for (const address of parseHttpAddresses(text)) requireSafe(address, hasTls)
}

test('beyond loopback it answers with TLS or not at all', () => {
  for (const safe of ['127.0.0.1:1', '127.9.9.9:1', '[::1]:1', 'localhost:1', 'unix:/s']) judge(safe, false)
  for (const open of ['0.0.0.0:1', '[::]:1', '10.0.0.1:1', 'myhost:1', '127.evil.example:1']) {
    assert.throws(() => judge(open, false), { code: 'http/unsafe' })
    judge(open, true)
  }
})
