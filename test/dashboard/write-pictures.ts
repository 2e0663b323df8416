import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import { createHttpServer } from '../../src/http/server.js'
import { Secret } from '../../src/secret.js'
import { FakeControlApi } from '../http/support/fake-control-api.js'
import { launchBrowser } from '../support/browser.js'
import { scenes } from './support/scenes.js'

// Pictures of every scene, for who works on the page: node dist/test/dashboard/write-pictures.js FOLDER
// [SCENE …]
const [folder = 'pictures', ...names] = process.argv.slice(2)
mkdirSync(folder, { recursive: true })

for (const colours of ['light', 'dark'] as const)
  for (const width of [390, 1280, 1920]) {
    const { context, close } = await launchBrowser({ width, height: width === 390 ? 844 : 900, colours })
    for (const [name, put] of Object.entries(scenes)) {
      if (names.length > 0 && !names.includes(name)) continue
      const api = new FakeControlApi()
      put(api)
      const app = createHttpServer(api, {
        address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
        hostNames: [],
        tls: null,
        token: new Secret('token'),
        onError: () => undefined,
      })
      await app.listen({ host: '127.0.0.1', port: 0 })
      const page = await context.newPage()
      await page.goto(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}/`)
      await page.waitForSelector('.flotilla, .fleet, .empty')
      await page.waitForTimeout(1_200)
      await page.screenshot({ path: join(folder, `${name}-${width}-${colours}.png`), fullPage: true })
      await page.close()
      await app.close()
    }
    await close()
  }
