import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseHttpAddresses, type HttpAddress } from '../../src/http/address.js'
import { whyNotAllowed, type GuardInput } from '../../src/http/guard.js'
import { Secret } from '../../src/secret.js'

const bearer = { authorization: 'Bearer right' }
const json = { 'content-type': 'application/json' }

function allowed(
  whom: 'public' | 'reader' | 'operator',
  given: Omit<Partial<GuardInput>, 'address'> & { readonly at?: string } = {},
): number | null {
  const { at = '127.0.0.1:8379', headers = {}, ...rest } = given
  const problem = whyNotAllowed(
    { access: whom },
    {
      ...{ method: 'GET', hostNames: [], token: new Secret('right') },
      ...rest,
      address: parseHttpAddresses(at)[0] as HttpAddress,
      headers: { host: 'localhost:8379', ...headers },
    },
  )
  return problem?.status ?? null
}

test('on loopback everybody reads, and only who has the token changes something', () => {
  assert.equal(allowed('reader'), null)
  const post = { method: 'POST', headers: json }
  assert.equal(allowed('operator', post), 401)
  assert.equal(
    allowed('operator', { method: 'POST', headers: { ...json, authorization: 'Bearer wrong' } }),
    401,
  )
  assert.equal(
    allowed('operator', { method: 'POST', headers: { ...json, authorization: 'Basic right' } }),
    401,
  )
  assert.equal(allowed('operator', { method: 'POST', headers: { ...json, ...bearer } }), null)
})

test('beyond loopback the token is needed to read, but not for health and roles', () => {
  const at = '0.0.0.0:8379'
  const headers = { host: '10.0.0.1:8379' }
  assert.equal(allowed('reader', { at, headers }), 401)
  assert.equal(allowed('reader', { at, headers: { ...headers, ...bearer } }), null)
  assert.equal(allowed('public', { at, headers }), null)
})

test('a name that somebody makes point here is not ours', () => {
  for (const host of [
    'evil.example',
    'evil.example:8379',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
  ])
    assert.equal(allowed('reader', { headers: { host } }), 421, host)
  for (const host of ['127.0.0.1', '127.0.0.1:8379', 'localhost', 'LOCALHOST:1', '[::1]:8379', '10.0.0.1'])
    assert.equal(allowed('reader', { headers: { host } }), null, host)
  assert.equal(
    allowed('reader', { headers: { host: 'redis.example:1' }, hostNames: ['redis.example'] }),
    null,
  )
  assert.equal(allowed('reader', { headers: { host: 'evil.example' }, at: 'unix:/s' }), null)
})

test('a page of another site can not ask for anything, even with the token', () => {
  const post = (headers: Readonly<Record<string, string>>): number | null =>
    allowed('operator', { method: 'POST', headers: { ...json, ...bearer, ...headers } })
  assert.equal(post({ origin: 'http://evil.example' }), 403)
  assert.equal(post({ origin: 'null' }), 403)
  assert.equal(post({ origin: 'http://localhost:9999' }), 403)
  assert.equal(post({ 'sec-fetch-site': 'cross-site' }), 403)
  assert.equal(post({ 'sec-fetch-site': 'same-site' }), 403)
  assert.equal(post({ origin: 'http://localhost:8379', 'sec-fetch-site': 'same-origin' }), null)
})

test('a page of another site can not read anything either, not even by an image or a script that it embeds', () => {
  for (const site of ['cross-site', 'same-site'])
    assert.equal(allowed('reader', { headers: { 'sec-fetch-site': site } }), 403, site)
  assert.equal(allowed('reader', { headers: { origin: 'http://localhost:9999' } }), 403)
  for (const site of ['same-origin', 'none'])
    assert.equal(allowed('reader', { headers: { 'sec-fetch-site': site } }), null, site)
  // A link to the dashboard, and a load balancer's question.
  assert.equal(allowed('public', { headers: { 'sec-fetch-site': 'cross-site' } }), null)
})

test('what changes something must be JSON, which no form can send', () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''])
    assert.equal(
      allowed('operator', { method: 'POST', headers: { ...bearer, 'content-type': type } }),
      415,
      type,
    )
  const type = 'application/json; charset=utf-8'
  assert.equal(allowed('operator', { method: 'POST', headers: { ...bearer, 'content-type': type } }), null)
})
