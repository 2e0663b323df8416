import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killContainer } from '../support/containers.js'
import { openBrowser, openPage, whyNoBrowser } from '../support/browser.js'
import { until } from '../support/until.js'
import { testWorld } from '../support/world.js'

test(
  'the master is killed while the page is open: within a second of the daemon seeing it the picture has changed, and then shows the new master',
  { skip: whyNoBrowser() ?? false },
  async t => {
    const world = testWorld(t, 'page')
    const { name } = world
    world.declare({ replicas: 2 })
    const daemon = world.startDaemon({ args: ['--http', '127.0.0.1:0'] })
    const { address } = await daemon.waitFor('http.listening')
    await daemon.waitFor('flotilla.ready')
    const { page, complaints } = await openPage(await openBrowser(t), `http://${String(address)}/`)
    const nodeTitles = `[...document.querySelectorAll('.node .title')].map(one => one.firstElementChild.nextSibling.textContent)`
    await page.locator('.node.is-replica.tone-good').nth(1).waitFor({ timeout: 30_000 })
    assert.deepEqual(await page.evaluate(nodeTitles), [`${name}-0`, `${name}-1`, `${name}-2`])
    // What the page shows when, by its own clock, which is the daemon's.
    await page.evaluate(`(() => {
      const seen = window.seen = []
      const look = () => {
        const head = document.querySelector('.node.is-master')
        const words = head === null ? 'none' : head.querySelector('.title i').nextSibling.textContent + ' ' + head.querySelector('.state').textContent
        if (seen.at(-1)?.words !== words) seen.push({ words, atMs: Date.now() })
      }
      look()
      // On a busy machine a browser is late with everything. What it is late by is not the page's doing.
      window.lateMs = 0
      let dueMs = Date.now() + 50
      setInterval(() => {
        window.lateMs = Math.max(window.lateMs, Date.now() - dueMs)
        dueMs = Date.now() + 50
      }, 50)
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true })
    })()`)
    const mark = daemon.mark()
    await killContainer((await world.container('master')).id)
    await daemon.waitFor('master.changed', { since: mark })
    await until('the page to show the new master', 60_000, () =>
      page.evaluate(`/^${name}-[12] online$/.test(window.seen.at(-1).words)`),
    )
    const seen = await page.evaluate<
      readonly {
        readonly words: string
        readonly atMs: number
      }[]
    >('window.seen')
    const noticedMs = Date.parse(daemon.linesSince(mark)[0]?.time ?? '')
    const promotedMs = Date.parse(daemon.lines('master.changed', mark)[0]?.time ?? '')
    const changes = seen.slice(1)
    const withinMs = 1_000 + 2 * (await page.evaluate<number>('window.lateMs'))
    assert.ok(
      (changes[0]?.atMs ?? Infinity) - noticedMs < withinMs,
      JSON.stringify({ seen, noticedMs, withinMs }),
    )
    assert.ok(
      (changes.at(-1)?.atMs ?? Infinity) - promotedMs < withinMs,
      JSON.stringify({ seen, promotedMs, withinMs }),
    )
    await page.getByText('master has failed; failover started').first().waitFor()
    await page.getByText(`${name}-0 →`).waitFor()
    assert.deepEqual(complaints, [])
  },
)
