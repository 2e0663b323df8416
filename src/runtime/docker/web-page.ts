import type { IncomingMessage } from 'node:http'
import { FlotillaError } from '../../errors.js'

/**
 * What a proxy in front of the engine answers by itself (docker-socket-proxy, a gateway that finds nobody
 * behind it): a page for people. It says nothing about containers: its 404 does not mean that one is gone.
 * @returns null for what an engine has answered.
 */
export function explainWebPage(
  what: string,
  response: Pick<IncomingMessage, 'statusCode' | 'headers'>,
  text: string,
): FlotillaError | null {
  const isPage =
    /^text\/html\b/i.test(response.headers['content-type'] ?? '') ||
    /^\s*<(?:!doctype|html|head|body|\?xml)\b/i.test(text.slice(0, 1_000))
  if (!isPage) return null
  const status = response.statusCode ?? 0
  const said = titleOf(text)
  const isRefused = [401, 403, 405].includes(status)
  return new FlotillaError(
    isRefused ? 'runtime/permission-denied' : 'runtime/unreachable',
    `${what}: a web page came back instead of an engine's answer (status ${status}${said === '' ? '' : `, ${said}`})`,
    {
      hint: isRefused
        ? 'the proxy in front of the engine does not let this through; allow it there (for a socket proxy: POST=1 and the section), or name the engine itself with DOCKER_HOST'
        : 'is there a proxy in between, or another server at this address? Check DOCKER_HOST',
    },
  )
}

/** What the page calls itself, in one short line of letters. */
function titleOf(text: string): string {
  const start = text.slice(0, 4_000)
  const found = ['title', 'h1']
    .map(tag => between(start, `<${tag}>`, `</${tag}>`))
    .find(title => title !== '')
  return (found ?? '')
    .replaceAll(/[\p{C}\s<>]+/gu, ' ')
    .trim()
    .slice(0, 60)
}

function between(text: string, open: string, close: string): string {
  const from = text.toLowerCase().indexOf(open)
  const to = from === -1 ? -1 : text.toLowerCase().indexOf(close, from)
  return to === -1 ? '' : text.slice(from + open.length, to)
}
