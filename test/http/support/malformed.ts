import { connect } from 'node:net'

/**
 * A request that no well-behaved client sends, as it goes over the wire: the same one for the same number.
 */
export function malformedRequest(number: number): Buffer {
  const make = kinds[number % kinds.length] ?? noise
  return Buffer.from(make(number), 'latin1')
}

const host = 'Host: localhost\r\n'

const kinds: readonly ((number: number) => string)[] = [
  noise,
  () => '\r\n\r\n\r\n',
  () => 'GET\r\n\r\n',
  () => `GET / HTTP/9.9\r\n${host}\r\n`,
  () => 'GET /api/v1/flotillas HTTP/1.1\r\n\r\n',
  number => `GET /${'%'.repeat(number % 40)} HTTP/1.1\r\n${host}\r\n`,
  () => `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${host}\r\n`,
  () => `GET /livez HTTP/1.1\r\n${host}${'X-A: b\r\n'.repeat(3_000)}\r\n`,
  () => `GET /livez HTTP/1.1\r\n${host}Host: evil.example\r\n\r\n`,
  () => `GET /flotillas/..%2f..%2fetc/nodes/-1/master?lag=-9 HTTP/1.1\r\n${host}\r\n`,
  () => `GET /api/v1/events?last=1e9&after=x&level[]=a HTTP/1.1\r\n${host}\r\n`,
  () => `GET /api/v1/stream HTTP/1.1\r\n${host}Last-Event-ID: ${'9'.repeat(500)}\r\n\r\n`,
  () => post('{"to":'),
  () => post('{"__proto__":{"to":1},"constructor":{}}'),
  () => post('['.repeat(10_000)),
  () => post('x'.repeat(17_000)),
  () =>
    `POST /api/v1/flotillas/shop/scale HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{`,
  () =>
    `POST /api/v1/flotillas/shop/scale HTTP/1.1\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
  () =>
    `POST /api/v1/flotillas/shop/pause HTTP/1.1\r\n${host}Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}`,
  number => `${['TRACE', 'PUT', 'DELETE', 'BREW', 'PRI'][number % 5]} * HTTP/1.1\r\n${host}\r\n`,
]

function post(body: string): string {
  return `POST /api/v1/flotillas/shop/switchover HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

/** Bytes of a linear congruential generator, so that a failure can be had again. */
function noise(number: number): string {
  let state = number + 1
  return Array.from({ length: 200 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return String.fromCharCode((state >>> 16) & 0xff)
  }).join('')
}

/** Sends it and goes away as soon as anything comes back, or after a moment of silence. */
export function sendMalformed(port: number, number: number): Promise<void> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => socket.write(malformedRequest(number)))
    const silence = setTimeout(() => socket.destroy(), 200)
    socket.once('data', () => socket.destroy())
    socket.on('error', () => undefined)
    socket.once('close', () => {
      clearTimeout(silence)
      resolve()
    })
  })
}
