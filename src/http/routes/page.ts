import { readFile } from 'node:fs/promises'
import { Problem } from '../problem.js'
import { route, type RouteResponse, type Route } from '../route.js'

/**
 * The page may load its own files and ask this server, and nothing else: no script or style within it, no
 * other site's, no frame around it. Nothing turns text into markup, and where a browser can forbid that
 * (trusted types), it does.
 */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/**
 * The dashboard: files as they are. There is no secret in them, so they are open to whoever may connect; what
 * they show is not.
 */
export function pageRoutes(): readonly Route[] {
  return [
    file('/', 'index.html', 'text/html; charset=utf-8', 'The dashboard'),
    file('/dashboard.js', 'dashboard.js', 'text/javascript; charset=utf-8', 'Its script'),
    file('/dashboard.css', 'dashboard.css', 'text/css; charset=utf-8', 'Its style sheet'),
    file('/icon.svg', 'icon.svg', 'image/svg+xml', 'Its icon'),
  ]
}

function file(path: string, name: string, contentType: string, summary: string): Route {
  return route({
    method: 'GET',
    path,
    summary,
    access: 'public',
    responses: { 200: { description: summary, schema: null, contentType } },
    handle: async (): Promise<RouteResponse> => ({
      status: 200,
      // Read again each time: a page is opened rarely, and a daemon that nobody looks at need not hold it.
      text: await readPageFile(name),
      contentType,
      headers: { 'content-security-policy': pagePolicy, 'cross-origin-opener-policy': 'same-origin' },
    }),
  })
}

async function readPageFile(name: string): Promise<string> {
  try {
    // Where the build has put the page's files: package.json says it, from the source tree and from the
    // bundle alike.
    return await readFile(new URL(import.meta.resolve(`#dashboard/${name}`)), 'utf8')
  } catch {
    throw new Problem(404, 'http/no-page', 'the dashboard is not there: it was not built', {
      hint: 'Run: npm run build. The API is at /api/v1/openapi.json.',
    })
  }
}
