/**
 * A headless Chromium for the pages, one for a file of tests. Where the machine has none, the tests say so and are skipped.
 */
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'

const CHROMIUM = '/usr/bin/chromium'
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
/** A loaded machine takes its time to start it. */
const LAUNCH_MS = 30_000

/** Opens an address. There is a window for each set of options, and the tests of a file use it one after the other. */
export type OpenPage = (url: string, options?: BrowserContextOptions) => Promise<Page>

/** Starts the browser before the tests of a file. A page that throws, prints an error or asks for anything but `allowed` fails its test. */
export function useBrowser(allowed: (url: string, opened: string) => boolean): OpenPage {
  let browser: Browser | undefined
  const windows = new Map<string, Page>()
  let opened = ''
  let complaints: string[] = []
  beforeAll(async () => {
    if (!existsSync(CHROMIUM)) return
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS, timeout: LAUNCH_MS })
  }, LAUNCH_MS + 1000)
  afterAll(async () => {
    await browser?.close()
  })
  beforeEach(({ skip }) => {
    if (browser === undefined) skip(`there is no ${CHROMIUM}`)
    complaints = []
  })
  afterEach(() => {
    expect(complaints).toEqual([])
  })
  const openWindow = async (options: BrowserContextOptions): Promise<Page> => {
    const page = await browser!.newPage({ reducedMotion: 'reduce', viewport: { width: 1200, height: 640 }, ...options })
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('request', (request) => allowed(request.url(), opened) || complaints.push(`asked for ${request.url()}`))
    return page
  }
  return async (url, options = {}) => {
    const look = JSON.stringify(options)
    const page = windows.get(look) ?? (await openWindow(options))
    windows.set(look, page)
    opened = url
    await page.mouse.move(0, 0)
    await page.goto(url)
    return page
  }
}
