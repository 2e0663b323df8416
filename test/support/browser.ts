import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { chromium, type BrowserContext, type Page } from 'playwright-core'

/** Debian's; a browser that a person has is as good. */
const executables = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Why no browser can be had here; null when one can. */
export function whyNoBrowser(): string | null {
  return findExecutable() === undefined
    ? 'no Chromium is installed; type: apt-get install --no-install-recommends chromium'
    : null
}

export interface BrowserSettings {
  readonly width?: number
  readonly height?: number
  readonly colours?: 'light' | 'dark'
}

/** A browser of its own, with nothing in it, that ends with the test. */
export async function openBrowser(t: TestContext, settings: BrowserSettings = {}): Promise<BrowserContext> {
  const { context, close } = await launchBrowser(settings)
  t.after(close)
  return context
}

export async function launchBrowser({
  width = 1280,
  height = 900,
  colours = 'light',
}: BrowserSettings = {}): Promise<{
  readonly context: BrowserContext
  readonly close: () => Promise<void>
}> {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-browser-'))
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: findExecutable() ?? '',
    headless: true,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
      ...['--disable-background-networking', '--disable-component-update'],
    ],
    viewport: { width, height },
    colorScheme: colours,
    reducedMotion: 'no-preference',
  })
  return {
    context,
    async close() {
      await context.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/**
 * A page, and all that its console and its scripts complain of. Requests that fail because the daemon is away
 * are no complaint.
 */
export async function openPage(
  context: BrowserContext,
  url: string,
): Promise<{ readonly page: Page; readonly complaints: string[] }> {
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', message => {
    const text = message.text()
    if (['error', 'warning'].includes(message.type()) && !/Failed to load resource|ERR_CONNECTION/.test(text))
      complaints.push(text)
  })
  page.on('pageerror', error => complaints.push(String(error)))
  await page.goto(url)
  return { page, complaints }
}

function findExecutable(): string | undefined {
  return executables.find(path => existsSync(path))
}
