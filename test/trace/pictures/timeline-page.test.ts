// The timeline in a real browser, opened from disk: what it draws, and what keys, mouse and search do.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { RawGreenlet } from 'greenloop'
import { type Arrow, Recorder, type Recording, timelineHtml } from 'greenloop/trace'
import type { BrowserContextOptions, Locator, Page } from 'playwright-core'
import { afterAll, describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { useBrowser } from '../support/browser.ts'
import { arrowsOf, recordingOf } from '../support/recordings.ts'

checkLeaks()

/** The page may ask for itself, and for nothing else. */
const openUrl = useBrowser((url, opened) => url === opened)
const folder = mkdtempSync(join(tmpdir(), 'greenloop-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
async function open(recordings: Recording | Recording[], options: BrowserContextOptions = {}): Promise<Page> {
  return await openHtml(timelineHtml(recordings), options)
}

async function openHtml(html: string, options: BrowserContextOptions = {}): Promise<Page> {
  const file = join(folder, `${files++}.html`)
  writeFileSync(file, html)
  return await openUrl(pathToFileURL(file).href, options)
}

/** Three at a lock: `one` hands it to `two`, main kills `three`. */
const lock = recordingOf(
  'lock.ts',
  {
    main: '0 running 10 waiting:joinall()@/code/lock.ts:20 100 running 101',
    one: '0 ready 10 running 20 waiting:sleep(30)@/code/lock.ts:5 50 running 60 returned',
    two: '0 ready 20 running 22 waiting:lock.acquire()@/code/lock.ts:4 55 ready 60 running 100 returned',
    three: '0 ready 22 running 24 waiting:lock.acquire()@/code/lock.ts:4 70 ready 72 running 73 killed',
  },
  { arrows: arrowsOf('wake 0>1 @50', 'wake 1>2 @55', 'kill 0>3 @70', 'wake 2>0 @100') },
)

/** Many; each waits for the one before it, again and again. */
function crowd(count: number, spans = 10): Recording {
  const lives: Record<string, string> = { main: '0 running 1 waiting:joinall() 1000 running 1001' }
  const arrows: Arrow[] = []
  for (let id = 1; id <= count; id++) {
    let life = '0'
    for (let span = 0; span < spans; span++) {
      const to = ((span + 1) * 900 + ((id * 7919 + span * 104_729) % 800)) / spans
      life += ` ${span % 2 === 0 ? 'running' : 'waiting:queue.get()'} ${to}`
      if (span % 2 === 1) arrows.push({ kind: 'wake', from: id - 1, to: id, atMs: to, thrown: false })
    }
    lives[`worker-${id}`] = `${life} returned`
  }
  arrows.sort((one, other) => one.atMs - other.atMs)
  return recordingOf('crowd.ts', lives, { arrows })
}

/** Waits until what was done is drawn: in the next frame. */
async function drawn(page: Page): Promise<void> {
  await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
}

async function namesOf(page: Page): Promise<string[]> {
  await drawn(page)
  return await page.locator('.name').allTextContents()
}

/** The first and the last label of the axis. */
async function axisOf(page: Page): Promise<string> {
  await drawn(page)
  const labels = await page.locator('.axis text').allTextContents()
  return `${labels[0]} to ${labels.at(-1)}`
}

/** Moves the mouse to a moment of a row, both as shares of what is seen. */
async function pointAt(page: Page, row: number, share: number): Promise<{ x: number; y: number }> {
  const box = (await page.locator('.rows').boundingBox())!
  const name = (await page.locator('.name').nth(row).boundingBox())!
  const point = { x: box.x + box.width * share, y: name.y + name.height / 2 }
  await page.mouse.move(point.x, point.y)
  return point
}

async function spoken(page: Page): Promise<string | null> {
  return await page.locator('[role=status]').textContent()
}

/** What stands on what, and how it must stand out at least: 4.5 for text, 3 for shapes (WCAG 2.2, AA). */
const CONTRASTS = [
  ['text', 'page', 4.5],
  ['text', 'warning', 4.5],
  ['muted', 'page', 4.5],
  ['muted', 'panel', 4.5],
  ['muted', 'raised', 4.5],
  ['waiting-text', 'waiting', 4.5],
  ['switched-text', 'page', 4.5],
  ['running', 'page', 3],
  ['ready', 'page', 3],
  ['waiting-edge', 'page', 3],
  ['switched', 'page', 3],
  ['wake', 'waiting', 3],
  ['kill', 'waiting', 3],
  ['resume', 'page', 3],
  ['edge', 'page', 3],
  ['focus', 'page', 3],
] as const

/** By the formula of WCAG 2.2. */
function contrastOf(one: string, other: string): number {
  const [dark = 0, light = 0] = [one, other].map(luminanceOf).sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

function luminanceOf(rgb: string): number {
  const [red = 0, green = 0, blue = 0] = (rgb.match(/\d+/gu) ?? []).map((part) => {
    const share = Number(part) / 255
    return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** Ten steps, and how long the longest took until it was drawn, in milliseconds. */
const SCROLL_AND_ZOOM = `(async () => {
  const scroller = document.querySelector('.scroller')
  const wheel = { bubbles: true, cancelable: true, ctrlKey: true, deltaY: -30, clientX: 600 }
  const frame = () => new Promise(requestAnimationFrame)
  let longest = 0
  for (let step = 0; step < 10; step++) {
    const began = performance.now()
    scroller.scrollTop += 5000
    scroller.dispatchEvent(new WheelEvent('wheel', wheel))
    await frame()
    await frame()
    longest = Math.max(longest, performance.now() - began)
  }
  return longest
})()`

describe('the page of a timeline', () => {
  it('draws a row a greenlet and the five switches of f1 and f2', async () => {
    const recorder = new Recorder({ title: 'switch.ts' }).start()
    const gr1: RawGreenlet = new RawGreenlet(function* f1() {
      yield* gr2.switch()
      yield* gr2.switch()
    })
    const gr2: RawGreenlet = new RawGreenlet(function* f2() {
      yield* gr1.switch()
    })
    gr1.switch()
    recorder.stop()
    const page = await open(recorder.read())
    expect(await namesOf(page)).toEqual(['main', 'f1', 'f2'])
    expect(await page.locator('.arrow').count()).toBe(5)
    expect(await page.locator('.arrow.switch').count()).toBe(5)
    expect(await page.locator('header p').textContent()).toContain('2 greenlets · 5 switches')
  })

  it('draws bars of each kind, the call in them, wakes, kills and how each ended', async () => {
    const page = await open(lock)
    for (const kind of ['running', 'ready', 'waiting']) {
      expect(await page.locator(`.bar.${kind}:not([d=""])`).count(), kind).toBeGreaterThan(0)
    }
    expect(await page.locator('.labels text').allTextContents()).toEqual([
      'joinall()',
      'sleep(30)',
      'lock.acquire()',
      'lock.acquire()',
    ])
    expect(await page.locator('.arrow.wake').count()).toBe(3)
    expect(await page.locator('.arrow.kill').count()).toBe(1)
    expect(await page.locator('.end.killed').count()).toBe(1)
    expect(await page.locator('.name').last().getAttribute('data-sign')).toBe('✕')
    expect(await axisOf(page)).toBe('0 to 100 ms')
  })

  it('tells at the pointer what is known of a span', async () => {
    const page = await open(lock)
    await pointAt(page, 2, 0.4)
    const tooltip = page.locator('[role=tooltip]')
    expect(await tooltip.locator('.head').innerText()).toMatch(/two\s+waiting in lock\.acquire\(\)/u)
    expect((await tooltip.locator('dl div').allInnerTexts()).map((text) => text.replaceAll(/\s+/gu, ' '))).toEqual([
      'for 33 ms',
      'from, to 22 ms to 55 ms',
      'at /code/lock.ts:4',
      'woken by one',
      'spawned by main',
      'spawned 0',
      'end returned at 100 ms',
    ])
    await page.mouse.move(5, 5)
    expect(await tooltip.isVisible()).toBe(false)
  })

  it('is walked through by keys, and says what is reached', async () => {
    const page = await open(lock)
    for (let presses = 0; presses < 12 && (await page.locator('.chart:focus').count()) === 0; presses++) {
      await page.keyboard.press('Tab')
    }
    expect(await page.locator('.chart').getAttribute('aria-label')).toBe(
      'Timeline of lock.ts: 4 rows, 101 ms. Arrow keys move from span to span and from row to row.',
    )
    await page.keyboard.press('ArrowDown')
    expect(await spoken(page)).toMatch(/^main: running\./u)
    await page.keyboard.press('ArrowDown')
    expect(await spoken(page)).toMatch(/^one: ready, while others ran\. for: 10 ms\./u)
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    expect(await spoken(page)).toBe(
      'one: waiting in sleep(30). for: 30 ms. from, to: 20 ms to 50 ms. at: /code/lock.ts:5. ' +
        'woken by: main (a timer, I/O, plain code). spawned by: main. spawned: 0. end: returned at 60 ms.',
    )
    expect(await page.locator('[role=tooltip]').isVisible()).toBe(true)
    await page.keyboard.press('End')
    expect(await spoken(page)).toMatch(/^one: running\./u)
    await page.keyboard.press('Enter')
    expect(await page.locator('.details').isVisible()).toBe(true)
    await page.keyboard.press('PageDown')
    expect(await spoken(page)).toMatch(/^three: /u)
    await page.keyboard.press('Escape')
    expect(await page.locator('.details').isVisible()).toBe(false)
    expect(await spoken(page)).toBe('')
  })

  it('zooms by keys and by the wheel, and shows all again', async () => {
    const page = await open(lock)
    await page.keyboard.press('+')
    expect(await axisOf(page)).toBe('20 ms to 80 ms')
    await page.keyboard.press('ArrowRight')
    expect(await axisOf(page)).toBe('40 ms to 90 ms')
    await page.keyboard.press('0')
    expect(await axisOf(page)).toBe('0 to 100 ms')
    await pointAt(page, 1, 0.2)
    await page.keyboard.down('Control')
    await page.mouse.wheel(0, -300)
    await page.keyboard.up('Control')
    await expect.poll(() => axisOf(page)).not.toBe('0 to 100 ms')
    await page.getByRole('button', { name: /^Zoom out/u }).click()
    await page.getByRole('button', { name: /^Zoom out/u }).click()
    await page.getByRole('button', { name: /^Zoom out/u }).click()
    expect(await axisOf(page)).toBe('0 to 100 ms')
  })

  it('shows the stretch that a drag on the axis or in the overview selects, and moves it by a drag over the rows', async () => {
    const page = await open(lock)
    const drag = async (where: Locator, from: number, to: number): Promise<void> => {
      const box = (await where.boundingBox())!
      await page.mouse.move(box.x + box.width * from, box.y + box.height / 2)
      await page.mouse.down()
      await page.mouse.move(box.x + box.width * to, box.y + box.height / 2, { steps: 3 })
      await page.mouse.up()
    }
    await drag(page.locator('.axis'), 0.1, 0.3)
    expect(await axisOf(page)).toBe('10 ms to 28 ms')
    await drag(page.locator('.rows'), 0.5, 0.4)
    expect(await axisOf(page)).toBe('12 ms to 30 ms')
    await page.keyboard.press('0')
    await drag(page.locator('.minimap'), 0.5, 0.7)
    expect(await axisOf(page)).toBe('52 ms to 70 ms')
  })

  it('sets off the arrows of what is clicked, and who woke it, and who woke that one', async () => {
    const page = await open(lock)
    const { x, y } = await pointAt(page, 2, 0.8) // two runs, woken by one, woken by main
    await page.mouse.click(x, y)
    await drawn(page)
    expect(await page.locator('.arrow.chain').count()).toBe(2)
    expect(await page.locator('.arrow.mine').count()).toBe(1) // it wakes main
    expect(await page.locator('.arrow.other').count()).toBe(1) // the kill
    expect(await page.locator('.name.picked').allTextContents()).toEqual(['two'])
    expect(await page.locator('.name.linked').allTextContents()).toEqual(['main', 'one'])
    expect(await page.locator('.details .head').innerText()).toMatch(/two\s+running/u)
    await page.locator('.name').nth(3).click()
    expect(await page.locator('.details').innerText()).toMatch(
      /three\s+a greenlet[^]*waiting\s+46 ms[^]*killed at 73 ms/u,
    )
  })

  it('shows only the rows that are searched for, in the order that is asked for', async () => {
    const page = await open(lock)
    const search = page.getByRole('searchbox')
    await page.keyboard.press('/')
    await page.keyboard.type('T')
    expect(await namesOf(page)).toEqual(['two', 'three'])
    expect(await page.locator('.found').textContent()).toBe('2 of 4')
    await search.fill('nobody')
    await drawn(page)
    expect(await page.locator('.empty').textContent()).toBe('No greenlet has a name with “nobody” in it.')
    await search.fill('')
    await page.getByRole('combobox').selectOption('busy')
    expect(await namesOf(page)).toEqual(['two', 'one', 'main', 'three'])
    await page.getByRole('combobox').selectOption('waiting')
    await page.getByLabel('hide main').check()
    expect(await namesOf(page)).toEqual(['three', 'two', 'one'])
    expect(await page.locator('.arrow').count()).toBe(3) // those from main are short; that to main is gone
    await page.getByRole('button', { name: 'wake' }).click()
    await expect.poll(() => page.locator('.arrow').count()).toBe(1)
  })

  it('has the tree of who has spawned whom as an order', async () => {
    const family = recordingOf('', {
      main: '0 running 1',
      a: '0 running 1',
      b: '0 running 1',
      'a-child': '0 running 1',
    })
    const tracks = family.tracks.map((track) => (track.name === 'a-child' ? { ...track, spawner: 1 } : track))
    const page = await open({ ...family, tracks })
    await page.getByRole('combobox').selectOption('tree')
    expect(await namesOf(page)).toEqual(['main', 'a', 'a-child', 'b'])
  })

  it('draws several recordings below each other on one axis, and says how they compare', async () => {
    const slow = recordingOf('slow.ts', { main: '0 running 300' })
    const page = await open([slow, recordingOf('fast.ts', { main: '0 running 100', a: '0 running 100' })])
    expect(await namesOf(page)).toEqual(['slow.ts', 'main', 'fast.ts', 'main', 'a'])
    expect(await page.locator('.headings text').allTextContents()).toEqual([
      '300 ms, 3.00 times as long · 0 greenlets',
      '100 ms · 1 greenlet',
    ])
    const [long, short] = [page.locator('.bar.running').nth(0), page.locator('.bar.running').nth(1)]
    expect((await long.boundingBox())!.width / (await short.boundingBox())!.width).toBeCloseTo(3, 1)
  })

  it('shows names as text, whatever they are', async () => {
    const name = '</script><img src=x onerror=document.title="broken"><!--'
    const page = await open(recordingOf(name, { main: '0 running 1', [name]: '0 waiting:</text><b>() 1' }))
    expect(await namesOf(page)).toEqual(['main', name])
    expect(await page.title()).toBe(name)
    expect(await page.locator('img, b').count()).toBe(0)
  })

  it('is light or dark as the system is, until the button is pressed', async () => {
    const page = await open(lock, { colorScheme: 'dark' })
    const background = (): Promise<unknown> => page.evaluate('getComputedStyle(document.body).backgroundColor')
    expect(await background()).toBe('rgb(14, 17, 22)')
    await page.getByRole('button', { name: 'Show it light' }).click()
    expect(await background()).toBe('rgb(255, 255, 255)')
    await page.getByRole('button', { name: 'Show it dark' }).click()
    expect(await background()).toBe('rgb(14, 17, 22)')
  })

  it.each(['light', 'dark'] as const)('has enough contrast when it is %s', async (colorScheme) => {
    const page = await open(lock, { colorScheme })
    const colours = await page.evaluate<Record<string, string>>(`(() => {
      const spot = document.body.appendChild(document.createElement('i'))
      return Object.fromEntries(${JSON.stringify(CONTRASTS.flatMap(([one, other]) => [one, other]))}.map((name) => {
        spot.style.color = 'var(--' + name + ')'
        return [name, getComputedStyle(spot).color]
      }))
    })()`)
    for (const [one, other, least] of CONTRASTS) {
      const contrast = contrastOf(colours[one]!, colours[other]!)
      expect(contrast, `${one} on ${other}`).toBeGreaterThanOrEqual(least)
    }
  })

  it('fits a narrow window', async () => {
    const page = await open(lock, { viewport: { width: 400, height: 600 } })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(400)
    const rows = (await page.locator('.rows').boundingBox())!
    expect(rows.width).toBeGreaterThan(250)
    for (const tool of await page.locator('.tools :is(input, select, button)').all()) {
      const { x, width } = (await tool.boundingBox())!
      expect(x + width).toBeLessThanOrEqual(400)
    }
  })

  it('shows its keys', async () => {
    const page = await open(lock)
    await page.keyboard.press('?')
    expect(await page.getByRole('dialog').isVisible()).toBe(true)
    await page.keyboard.press('Escape')
    expect(await page.getByRole('dialog').isVisible()).toBe(false)
  })

  it('draws all rows on paper, and no tools', async () => {
    const page = await open(crowd(60), { viewport: { width: 900, height: 400 } })
    expect((await namesOf(page)).length).toBeLessThan(30)
    await page.emulateMedia({ media: 'print' })
    await expect.poll(async () => (await namesOf(page)).length).toBe(61)
    expect(await page.locator('.tools').isVisible()).toBe(false)
    await page.emulateMedia({ media: 'screen' })
    await expect.poll(async () => (await namesOf(page)).length).toBeLessThan(30)
  })

  it('says when nothing was recorded, when the beginning was lost, and how to get places', async () => {
    const empty = await open({ ...lock, title: '', tracks: [], arrows: [], durationMs: 0 })
    expect(await empty.locator('.empty').textContent()).toBe('Nothing was recorded.')
    expect(await empty.locator('.notes p').count()).toBe(0)
    const lost = await open({ ...lock, lostEvents: 12_000, locations: false })
    expect(await lost.locator('.notes p').allInnerTexts()).toEqual([
      expect.stringContaining(
        'The beginning is missing: 12,000 events did not fit. new Recorder({ capacity }) keeps more.',
      ),
      expect.stringContaining(
        'Where in the code each wait is, was not recorded. greenloop run --timeline --locations does',
      ),
    ])
    await lost.getByRole('button', { name: 'Hide this note' }).first().click()
    expect(await lost.locator('.notes p').count()).toBe(1)
  })

  it('draws no cloud of arrows, but says how many there are, and draws those of what is picked', async () => {
    const page = await open(crowd(60, 40))
    expect(await page.locator('.arrow').count()).toBe(0)
    expect(await page.locator('.arrow-toggle.wake').innerText()).toMatch(
      /^wake\s+\d+: too many, zoom in or pick a row$/u,
    )
    await page.locator('.name').nth(3).click()
    await expect.poll(() => page.locator('.arrow.mine').count()).toBeGreaterThan(20)
    expect(await page.locator('.arrow.other').count()).toBe(0)
  })

  it('stays usable with ten thousand greenlets', async () => {
    const html = timelineHtml(crowd(10_000))
    expect(html.length).toBeLessThan(4e6)
    const page = await openHtml(html)
    expect((await namesOf(page)).length).toBeLessThan(40)
    expect(await page.locator('svg *').count()).toBeLessThan(2000)
    const longest = await page.evaluate(SCROLL_AND_ZOOM)
    expect(longest).toBeLessThan(2000) // 15 ms of work a frame; the machine may be busy with other tests
    expect(await namesOf(page)).toContain('worker-2084')
  }, 30_000)
})
