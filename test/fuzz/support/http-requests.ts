import type { Random } from '../../support/random.js'

/** A request as it goes over the wire, and how badly its client behaves. */
export interface OddRequest {
  readonly bytes: Buffer
  /** Sent in so many pieces, with a pause between them. */
  readonly pieces: number
  /** Goes away without waiting for an answer. */
  readonly hangsUp: boolean
}

/** Nearly right, so that it gets far: a good request with one to three things about it odd. */
export function oddRequest(random: Random): OddRequest {
  const body = random.chance(0.4) ? oddBody(random) : ''
  const lines = [
    `${random.pick(methods)} ${oddTarget(random)} HTTP/1.1`,
    ...(random.chance(0.95) ? [`host: ${random.pick(hosts)}`] : []),
    ...Array.from({ length: random.int(0, 3) }, () => oddHeader(random)),
    ...(body === '' ? [] : [`content-length: ${random.chance(0.9) ? body.length : random.int(0, 40_000)}`]),
  ]
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1')
  const cut = random.chance(0.05) ? random.int(0, bytes.length) : bytes.length
  return {
    bytes: random.chance(0.1) ? garbled(random, bytes) : bytes.subarray(0, cut),
    pieces: random.chance(0.03) ? random.int(2, 8) : 1,
    hangsUp: random.chance(0.05),
  }
}

const methods = ['GET', 'GET', 'GET', 'GET', 'POST', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'X']
const hosts = [
  'localhost',
  '127.0.0.1:8379',
  '[::1]',
  'evil.example',
  '',
  'localhost:99999',
  '\u00ff',
  'a'.repeat(300),
]
const paths = [
  '/',
  '/livez',
  '/readyz',
  '/metrics',
  '/dashboard.js',
  '/api/v1/flotillas',
  '/api/v1/flotillas/shop',
  '/api/v1/events',
  '/api/v1/flotillas/shop/events',
  '/api/v1/openapi.json',
  '/api/v1/flotillas/shop/series',
  '/api/v1/flotillas/shop/plan',
  '/api/v1/flotillas/shop/switchover',
  '/api/v1/flotillas/shop/failover',
  '/api/v1/flotillas/shop/scale',
  '/api/v1/flotillas/shop/pause',
  '/flotillas/shop/nodes/0/master',
  '/api/v1/stream',
]
const keys = [
  'code',
  'after',
  'last',
  'level',
  'ask',
  'to',
  'force',
  'lag',
  'verbose',
  'lastEventId',
  '__proto__',
  'a[b]',
]
const headerNames = [
  'authorization',
  'content-type',
  'last-event-id',
  'origin',
  'sec-fetch-site',
  'accept',
  'expect',
  'connection',
  'transfer-encoding',
  'upgrade',
  'cookie',
  'x-forwarded-for',
  'range',
  'if-none-match',
]

function oddTarget(random: Random): string {
  const path = random.chance(0.8) ? random.pick(paths) : `${random.pick(paths)}/${oddText(random)}`
  const query = Array.from({ length: random.chance(0.5) ? random.int(1, 4) : 0 }, () => {
    const value = random.chance(0.5) ? oddText(random) : encodeURIComponent(oddText(random))
    return `${random.pick(keys)}=${value}`
  })
  return (query.length === 0 ? path : `${path}?${query.join('&')}`).replaceAll(/[\s]/g, '%20')
}

function oddHeader(random: Random): string {
  const values = [
    'Bearer a-token-of-the-tests',
    'Bearer ',
    'application/json',
    'cross-site',
    'http://evil.example',
    '100-continue',
    'chunked',
    'close',
  ]
  return `${random.pick(headerNames)}: ${random.chance(0.6) ? random.pick(values) : oddText(random).replaceAll(/[\r\n]/g, '')}`
}

function oddBody(random: Random): string {
  const bodies = [
    '{"to":1}',
    '{"replicas":3}',
    '{}',
    '[',
    '{"to":',
    'null',
    '"x"',
    '{"__proto__":{"to":1}}',
    '{"replicas":1e309}',
  ]
  return random.chance(0.7) ? random.pick(bodies) : oddText(random)
}

/** What a matcher, a decoder or a parser stumbles over, short or long. */
function oddText(random: Random): string {
  const atoms = [
    '*',
    '.*',
    '(a+)+',
    '%',
    '%2f',
    '%00',
    '..',
    '\u00ff',
    '-1',
    '9',
    'a',
    '[',
    '{',
    '"',
    '\\',
    ',',
    '=',
    '&',
    ' ',
    '\t',
    '$',
    '^',
  ]
  const atom = random.pick(atoms)
  const length = Math.round(random.spread(1, random.chance(0.05) ? 20_000 : 200))
  return random.chance(0.5)
    ? atom.repeat(Math.ceil(length / atom.length)).slice(0, length)
    : Array.from({ length: Math.min(length, 400) }, () => random.pick(atoms)).join('')
}

function garbled(random: Random, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  for (let times = random.int(1, 8); times > 0; times--)
    copy[random.int(0, copy.length - 1)] = random.int(0, 255)
  return copy
}
