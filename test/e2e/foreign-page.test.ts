import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { eventRecord } from '../http/support/fake-control-api.js'
import { serve } from '../http/support/serve.js'
import { openBrowser, whyNoBrowser } from '../support/browser.js'
import { until } from '../support/until.js'

/** What an image on any page could ask of a daemon on the same machine, were it let. */
const targets = ['/api/v1/events?code=****************x', '/api/v1/flotillas', '/metrics']

test(
  'an image on a page of another site gets nothing from the API, in a real browser',
  { skip: whyNoBrowser() ?? false },
  async t => {
    const { app, api } = serve(t)
    api.publish(eventRecord(1))
    const answers = new Map<string, number>()
    app.addHook('onSend', async (request, reply) => {
      if (targets.includes(request.url)) answers.set(request.url, reply.statusCode)
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const daemon = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`

    const images = targets.map(target => `<img src="${daemon}${target}">`).join('')
    const other = createServer((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><body>${images}`),
    )
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
    t.after(() => {
      other.closeAllConnections()
      other.close()
    })

    const context = await openBrowser(t)
    const page = await context.newPage()
    // Another site than the daemon's to a browser, as any page on the net is.
    await page.goto(`http://localhost:${(other.address() as AddressInfo).port}/`, { waitUntil: 'commit' })
    await until('the browser has asked for every image', 60_000, () => answers.size === targets.length)
    assert.deepEqual(Object.fromEntries(answers), Object.fromEntries(targets.map(target => [target, 403])))
  },
)
