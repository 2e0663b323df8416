import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test, type TestContext } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { historyEntry, master, memory, replica, stopped } from '../reconciler/support/world.js'
import { eventRecord, snapshotOf, type FakeControlApi } from '../http/support/fake-control-api.js'
import { serve, token } from '../http/support/serve.js'
import { launchBrowser, openPage, whyNoBrowser } from '../support/browser.js'
import { until } from '../support/until.js'
import { scenes } from '../dashboard/support/scenes.js'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const withinMs = 20_000

/** Between them they have everything that the page can show, and every colour of it. */
const looks: Readonly<Partial<Record<string, readonly ('light' | 'dark')[]>>> = {
  healthy: ['light'],
  degraded: ['dark'],
  held: ['light', 'dark'],
  paused: ['light'],
  fleet: ['light', 'dark'],
  empty: ['light'],
}

interface Opened {
  readonly page: Page
  readonly api: FakeControlApi
  readonly complaints: string[]
  readonly url: string
  readonly close: () => Promise<void>
}

describe('the dashboard in a browser', { skip: whyNoBrowser() ?? false }, () => {
  let browser: Awaited<ReturnType<typeof launchBrowser>>
  before(async () => {
    browser = await launchBrowser()
    await browser.context.grantPermissions(['clipboard-read', 'clipboard-write'])
  })
  after(() => browser.close())

  async function open(t: TestContext, put: (api: FakeControlApi) => void): Promise<Opened> {
    const { app, api } = serve(t)
    put(api)
    await app.listen({ host: '127.0.0.1', port: 0 })
    const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/`
    const { page, complaints } = await openPage(browser.context, url)
    t.after(() => page.close())
    await page.waitForSelector('.flotilla, .fleet, .empty')
    return { page, api, complaints, url, close: () => app.close() }
  }

  for (const [name, put] of Object.entries(scenes))
    test(`${name}: fits a phone and a wide screen, complains of nothing${name in looks ? `, and axe finds no serious fault (${(looks[name] ?? []).join(', ')})` : ''}`, async t => {
      const { page, complaints } = await open(t, put)
      for (const width of [390, 1280, 1920]) {
        await page.setViewportSize({ width, height: 900 })
        await until(`no sideways scrolling at ${width} px`, withinMs, () =>
          page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'),
        )
      }
      assert.deepEqual(complaints, [])
      for (const colorScheme of looks[name] ?? []) {
        await page.setViewportSize({ width: colorScheme === 'light' ? 1280 : 390, height: 900 })
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        assert.deepEqual(await faultsOf(page), [], colorScheme)
      }
    })

  test('everything comes from the daemon itself, and a page that is open asks for nothing again', async t => {
    const { page, url } = await open(t, scenes.healthy)
    const asked: string[] = []
    page.on('request', request => asked.push(request.url()))
    await page.reload()
    await page.waitForSelector('.charts .line')
    await page.waitForLoadState('load')
    assert.deepEqual(
      asked.filter(one => !one.startsWith(url)),
      [],
    )
    const soFar = asked.length
    await page.waitForTimeout(1_200)
    assert.deepEqual(asked.slice(soFar), [])
  })

  test('a hold says why, and its command is copied as it is to be typed', async t => {
    const { page } = await open(t, scenes.held)
    await page.getByText('Refuses to go on: NameConflict').waitFor()
    await page.getByRole('button', { name: 'Copy: docker rm -f shop-replica-2' }).click()
    await until('the clipboard', withinMs, async () => {
      const copied = await page.evaluate('navigator.clipboard.readText()')
      return copied === 'docker rm -f shop-replica-2'
    })
  })

  test('a failover is seen as it happens: the picture, the phase, the events and who is master', async t => {
    const { page, api } = await open(t, scenes.healthy)
    await nodeOf(page, 'shop-0, master, online').waitFor()
    api.snapshots.set(
      'shop',
      snapshotOf({ nodes: [stopped(0, { name: 'shop-master' }), replica(1), replica(2)] }),
    )
    api.publish(
      eventRecord(90, {
        event: 'failover.started',
        level: 'warn',
        time: new Date().toISOString(),
        msg: 'the master is in trouble',
      }),
    )
    await nodeOf(page, 'shop-0, master, stopped').waitFor()
    const history = [historyEntry({ kind: 'failover', from: 0, to: 1, epoch: 2, endedAtMs: Date.now() })]
    api.snapshots.set(
      'shop',
      snapshotOf({
        memory: memory(1, { history, epoch: 2 }),
        nodes: [stopped(0), master(1), replica(2, { upstream: { host: 'shop-1' } })],
      }),
    )
    api.publish(
      eventRecord(91, {
        event: 'master.changed',
        level: 'warn',
        time: new Date().toISOString(),
        msg: 'master changed',
      }),
    )
    await nodeOf(page, 'shop-1, master, online').waitFor()
    await page.getByRole('listitem').filter({ hasText: 'master changed' }).first().waitFor()
    await page.getByText('shop-0 → shop-1').waitFor()
  })

  test('a daemon that goes away is said to, with the time; when it is back the page catches up with what it missed', async t => {
    const first = await open(t, scenes.healthy)
    await first.page.getByText('Live').waitFor()
    await first.close()
    await first.page.getByText(/No connection to the daemon since \d\d:\d\d:\d\d/).waitFor()
    assert.equal(await first.page.getByRole('button', { name: 'Switch over…' }).isDisabled(), true)
    await nodeOf(first.page, 'shop-0, master').waitFor()
    const { app, api } = serve(t)
    scenes.degraded(api)
    api.records.push(eventRecord(99, { msg: 'this was missed', time: new Date().toISOString() }))
    await app.listen({ host: '127.0.0.1', port: Number(new URL(first.url).port) })
    await first.page.getByText('Live').waitFor()
    await first.page.getByText('this was missed').waitFor()
    await nodeOf(first.page, 'shop-2, replica, stopped').waitFor()
    assert.equal(await first.page.getByText('No connection').count(), 0)
    assert.deepEqual(first.complaints, [])
  })

  test('a daemon that can not do its work says so on the page, and what nobody looks at is called old', async t => {
    const { page, api } = await open(t, scenes.healthy)
    api.checks = [{ name: 'engine', error: 'the container engine does not answer' }]
    api.publish(eventRecord(90, { event: 'engine.unreachable', level: 'error', flotilla: null }))
    await page.getByRole('alert').getByText('the container engine does not answer').waitFor()
    api.snapshots.set('shop', snapshotOf({ seen: { atMs: Date.now() - 120_000 } }))
    api.pass('shop')
    await page.getByText(/not looked at since \d\d:\d\d:\d\d/).waitFor()
  })

  test('nothing is asked for before its plan was shown, confirmed and the token given; the token stays in the tab', async t => {
    const { page, api, complaints } = await open(t, scenes.healthy)
    api.result = historyEntry({ kind: 'switchover', from: 0, to: 2, epoch: 3 })
    await page.getByRole('button', { name: 'Switch over…' }).click()
    await page.getByRole('radio', { name: /^shop-2/ }).check()
    await page.getByText('promote node 2').waitFor()
    await page
      .getByText('pause: 2000 ms at most')
      .or(page.getByText(/write pause/))
      .first()
      .waitFor()
    const confirm = page.getByRole('button', { name: 'Switch over', exact: true })
    assert.equal(await confirm.isDisabled(), true)
    await page.getByLabel('Token').fill('wrong')
    await page.getByRole('button', { name: 'Use it' }).click()
    await confirm.click()
    await page.getByText('does not know this token').waitFor()
    assert.deepEqual(api.asked, [])
    await page.getByLabel('Token').fill(token)
    await page.getByRole('button', { name: 'Use it' }).click()
    assert.deepEqual(await faultsOf(page), [])
    await confirm.click()
    await page
      .getByText(/node 2 is master now \(epoch 3/)
      .last()
      .waitFor()
    assert.deepEqual(api.asked, [
      { flotilla: 'shop', kind: 'switchover', to: 2, force: false, timeoutMs: 30_000 },
    ])
    assert.deepEqual(await page.evaluate('Object.keys(localStorage)'), [])
    assert.equal(await page.evaluate('document.cookie'), '')
    assert.deepEqual(complaints, [])
  })

  test('scale and pause show what they come to and are asked for as the command line does; a refusal is told', async t => {
    const { page, api } = await open(t, scenes.healthy)
    await page.evaluate(`sessionStorage.setItem('flotilla.token', ${JSON.stringify(token)})`)
    await page.getByRole('button', { name: 'Scale…' }).click()
    const save = page.getByRole('button', { name: 'Save to the manifest' })
    assert.equal(await save.isDisabled(), true, 'it has that many already')
    await page.getByLabel('Replicas, beside the one master').fill('5')
    await page.getByText('create container shop-replica-5 (node 5)').waitFor()
    await save.click()
    await page.getByText('now says 5 replicas').last().waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Pause…' }).click()
    const pause = page.getByRole('button', { name: 'Pause', exact: true })
    await until('the plan of it to be shown', withinMs, () => pause.isEnabled())
    api.failure = new Error('no')
    await pause.click()
    await page.getByText('It is paused').last().waitFor()
    assert.deepEqual(api.asked, [
      { flotilla: 'shop', replicas: 5 },
      { flotilla: 'shop', kind: 'pause' },
    ])
  })

  test('by keyboard alone: past the head, to a node and its details, into a dialog and back to where it was opened', async t => {
    const { page } = await open(t, scenes.healthy)
    await page.keyboard.press('Tab')
    assert.equal(await focused(page), 'Skip to the content')
    await nodeOf(page, 'shop-2, replica').focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'shop-2' }).waitFor()
    await page.getByRole('button', { name: 'Fail over…' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'Fail shop over' }).waitFor()
    await page.keyboard.press('Escape')
    await until('the focus to be back', withinMs, async () => (await focused(page)) === 'Fail over…')
  })

  test('who wants no motion gets none', async t => {
    const { page, api } = await open(t, scenes.healthy)
    const moving = () => page.evaluate<number>('document.getAnimations().length')
    await until('a pulse after a look', withinMs, async () => {
      scenes.healthy(api)
      api.pass('shop')
      return (await moving()) > 0
    })
    await page.emulateMedia({ reducedMotion: 'reduce' })
    scenes.healthy(api)
    api.pass('shop')
    await page.waitForTimeout(300)
    assert.equal(await moving(), 0)
  })

  test('of several flotillas those in trouble come first, and each has its page', async t => {
    const { page } = await open(t, api => scenes.fleet(api))
    const names = await page.locator('.card h2').allTextContents()
    assert.deepEqual(names.slice(0, 3), ['checkout', 'mail-queue', 'billing'])
    await page.getByRole('link', { name: 'basket' }).click()
    await page.getByRole('heading', { level: 1, name: 'basket' }).waitFor()
    await page.goBack()
    await page.getByRole('link', { name: 'basket' }).waitFor()
  })

  test('where there is nothing yet, it says how to fix it and shows the flotilla as soon as there is one', async t => {
    const { page, api } = await open(t, scenes.empty)
    await page.getByText('No flotilla yet').waitFor()
    await page.getByText("cat > /srv/manifests/shop.yaml <<'END'").waitFor()
    scenes.healthy(api)
    api.pass('shop')
    await page.getByRole('heading', { level: 1, name: 'shop' }).waitFor()
  })
})

/** The node that is read out so: `shop-0, master, online`. */
function nodeOf(page: Page, words: string): Locator {
  return page.getByRole('button', { name: new RegExp(`^${words.split(', ').join('\\s*,\\s*')}`) })
}

async function focused(page: Page): Promise<string> {
  return String(await page.evaluate('document.activeElement.textContent'))
}

/** What axe calls serious or critical. */
async function faultsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe)
  const { violations } = await page.evaluate<{
    readonly violations: readonly {
      readonly id: string
      readonly impact: string
      readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
    }[]
  }>('axe.run(document)')
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`))
}
