// The page of the live console in a real browser: what it draws of a program that runs, what keys and clicks do, and that a kill is real.
import { Event, Queue, sleep, spawn, spawnWith } from 'greenloop'
import { type ConsoleOptions, type LiveConsole, openConsole } from 'greenloop/trace'
import type { BrowserContextOptions, Locator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { useBrowser } from '../support/browser.ts'

checkLeaks()

/** The page may ask where it came from, and nobody else. */
const openUrl = useBrowser((url, opened) => url.startsWith(new URL(opened).origin))

/** Opens a console and its page for `test`, and has the page paused before the console is closed: it would ask in vain. */
async function inPage(
  options: ConsoleOptions & { readonly look?: BrowserContextOptions },
  test: (page: Page, live: LiveConsole) => Promise<void>,
): Promise<void> {
  const { look = {}, ...rest } = options
  using live = await openConsole({ everyMs: 50, ...rest })
  const page = await openUrl(live.url, look)
  try {
    await page.locator('[role="treeitem"]').first().waitFor()
    await test(page, live)
  } finally {
    await page.evaluate(`document.querySelector('.pause[aria-pressed="false"]')?.click()`)
  }
}

/** The row of the greenlet with that name. */
function row(page: Page, name: string): Locator {
  return page.locator('[role="treeitem"]').filter({ has: page.getByText(name, { exact: true }) })
}

/** The names of the rows, from above, moved in as they are drawn. */
function names(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`[...document.querySelectorAll('[role="treeitem"]')]
    .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
    .map((row) => '  '.repeat(row.ariaLevel - 1) + row.querySelector('.name').textContent)`)
}

const active = (page: Page): Promise<string | null | undefined> =>
  page.locator('[role="treeitem"][aria-selected="true"] .name').textContent({ timeout: 2000 })

/** A program: a parent with two children, each in a wait. */
function family(): { end(): void; cleanedUp: string[] } {
  const cleanedUp: string[] = []
  const never = new Event()
  const queue = new Queue<string>()
  const parent = spawnWith({ name: 'parent' }, function* () {
    spawnWith({ name: 'getter' }, function* () {
      try {
        yield* queue.get()
      } finally {
        cleanedUp.push('getter')
      }
    })
    spawnWith({ name: 'sleeper' }, function* () {
      yield* sleep(60_000)
    })
    yield* never.wait()
  })
  spawnWith({ name: 'last' }, () => never.wait())
  return {
    cleanedUp,
    end: () => {
      for (const one of parent.hub.living()) one.kill()
    },
  }
}

describe('the page', () => {
  it('draws the tree by spawner, with the state, the call and why it does not end, and what comes and goes', async () => {
    const { end } = family()
    await inPage({}, async (page) => {
      await row(page, 'last').waitFor()
      expect(await names(page)).toEqual(['main', '  parent', '    getter', '    sleeper', '  last'])
      expect(await row(page, 'getter').innerText()).toMatch(/getter\s+waiting\s+queue\.get\(\)\s+the queue is empty/u)
      const late = spawnWith({ name: 'late' }, () => sleep(60_000))
      await row(page, 'late').waitFor()
      await late.kill()
      await row(page, 'late').waitFor({ state: 'detached' })
    })
    end()
    await sleep(1)
  })

  it('shows how long a wait takes, and the number grows', async () => {
    const waiter = spawnWith({ name: 'waiter' }, () => new Event().wait())
    await sleep(1)
    await inPage({}, async (page) => {
      const since = async (): Promise<number> => {
        const text = (await row(page, 'waiter').locator('.since').textContent()) ?? ''
        const [, value = '', unit] = /(\d+(?:\.\d+)?) (ms|s)/u.exec(text) ?? []
        return Number(value) * (unit === 's' ? 1000 : 1)
      }
      await expect.poll(since, { interval: 10 }).toBeGreaterThan(0)
      const first = await since()
      await expect.poll(since, { interval: 10, timeout: 5000 }).toBeGreaterThan(first)
      expect(await page.locator('.slow').first().innerText()).toMatch(/^waiter\n.*\nevent\.wait\(\)$/u)
      expect(await page.locator('.waits li').first().innerText()).toMatch(/^event\.wait\s+1$/u)
    })
    await waiter.kill()
  })

  it('shows rates that move, and lines of them', async () => {
    const spinner = spawn(function* spinner() {
      for (;;) yield* sleep(1)
    })
    await inPage({}, async (page) => {
      const switches = page.locator('.tile', { hasText: 'Switches' })
      await expect
        .poll(async () => Number((await switches.locator('strong').textContent())?.replace(',', '')), { timeout: 5000 })
        .toBeGreaterThan(5)
      const line = (): Promise<string | null> => switches.locator('.line').getAttribute('d')
      const before = await line()
      await expect.poll(line).not.toBe(before)
      expect(await page.locator('.pulse').textContent()).toBe('Live')
    })
    await spinner.kill()
  })

  it('takes names for text, whatever they look like', async () => {
    const evil = '<img src=x onerror="document.title=`owned`"><script>document.title="owned"</script>'
    const greenlet = spawnWith({ name: evil }, () => new Event().wait())
    await sleep(1)
    await inPage({ kill: true }, async (page) => {
      await row(page, evil).click()
      await page.locator('.selected h2').filter({ hasText: evil }).waitFor()
      await page.keyboard.press('Enter')
      await page.locator('dialog[open] code').filter({ hasText: evil }).waitFor()
      await page.keyboard.press('Escape')
      await page.keyboard.press('/')
      await page.keyboard.type('<IMG src')
      await page.locator('.found').waitFor()
      expect(await page.locator('img, body script + script').count()).toBe(0)
      expect(await page.title()).toMatch(/greenloop console$/u)
    })
    await greenlet.kill()
  })

  it('says that nothing comes when the hub is blocked, and that nobody is there when the process is gone', async () => {
    const { end } = family()
    await inPage({}, async (page) => {
      const banner = page.locator('.banner')
      expect(await banner.isHidden()).toBe(true)
      // In the place of both: what the page sees of a blocked hub, and of a process that has ended.
      await page.evaluate('window.own = window.fetch; window.fetch = () => new Promise(() => undefined)')
      await sleep(200) // it has asked, and waits
      await page.evaluate('window.now = performance.now.bind(performance); performance.now = () => window.now() + 3500')
      await page.locator('.pulse', { hasText: 'No answer' }).waitFor()
      expect(await banner.innerText()).toMatch(/^No answer for \d s: the hub is blocked, or the process has ended\. /u)
      await page.evaluate("window.fetch = () => Promise.reject(new TypeError('gone'))")
      await page.locator('[role="tree"]').press('Space')
      await page.locator('.pulse', { hasText: 'Gone' }).waitFor()
      expect(await banner.innerText()).toMatch(/^The process has ended, or has closed the console\. /u)
      await page.evaluate('window.fetch = window.own')
      await page.locator('.pulse', { hasText: 'Live' }).waitFor()
      expect(await banner.isHidden()).toBe(true)
    })
    end()
    await sleep(1)
  })

  it('stands still when it is paused, until it goes on', async () => {
    await inPage({}, async (page) => {
      await page.getByRole('button', { name: 'Pause' }).click()
      const greenlet = spawnWith({ name: 'unseen' }, () => new Event().wait())
      await sleep(150)
      expect([await row(page, 'unseen').count(), await page.locator('.pulse').textContent()]).toEqual([0, 'Paused'])
      await page.getByRole('button', { name: 'Go on' }).click()
      await row(page, 'unseen').waitFor()
      await greenlet.kill()
    })
  })
})

describe('killing from the page', () => {
  it('is not offered unless it was allowed, and Enter does not ask for it', async () => {
    const { end } = family()
    await inPage({}, async (page) => {
      await row(page, 'getter').click()
      await page.locator('.selected h2').filter({ hasText: 'getter' }).waitFor()
      expect(await page.locator('button:visible').filter({ hasText: /kill/iu }).count()).toBe(0)
      await page.keyboard.press('Enter')
      expect(await page.locator('dialog[open]').count()).toBe(0)
    })
    end()
    await sleep(1)
  })

  it('by its button asks once, and then kills for real: the finally runs', async () => {
    const { end, cleanedUp } = family()
    await inPage({ kill: true }, async (page) => {
      await row(page, 'getter').hover()
      await row(page, 'getter').getByRole('button', { name: 'Kill getter' }).click()
      await page.getByRole('dialog').filter({ hasText: 'Kill getter?' }).waitFor()
      expect(cleanedUp).toEqual([])
      await page.getByRole('button', { name: 'Kill it' }).click()
      await row(page, 'getter').waitFor({ state: 'detached' })
      expect(cleanedUp).toEqual(['getter'])
      expect(await page.locator('.said').innerText()).toBe('GreenletExit was thrown at getter.')
      await page.locator('.selected').filter({ hasText: 'getter has ended.' }).waitFor()
    })
    end()
    await sleep(1)
  })

  it('by keys needs two of them: Enter alone cancels', async () => {
    const { end, cleanedUp } = family()
    await inPage({ kill: true }, async (page) => {
      await row(page, 'getter').waitFor()
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('ArrowDown')
      expect(await active(page)).toBe('getter')
      await page.keyboard.press('Enter')
      await page.locator('dialog[open]').waitFor()
      await page.keyboard.press('Enter')
      expect([await page.locator('dialog[open]').count(), cleanedUp]).toEqual([0, []])
      await page.locator('[role="tree"]').focus()
      await page.keyboard.press('Enter')
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await row(page, 'getter').waitFor({ state: 'detached' })
      expect(cleanedUp).toEqual(['getter'])
    })
    end()
    await sleep(1)
  })
})

describe('the tree', () => {
  it('is gone through by the keys of a tree', async () => {
    const { end } = family()
    await inPage({}, async (page) => {
      await row(page, 'last').waitFor()
      const tree = page.getByRole('tree', { name: 'Greenlets, by who has spawned them' })
      const press = async (...keys: string[]): Promise<unknown> => {
        for (const key of keys) await tree.press(key)
        expect(await tree.getAttribute('aria-activedescendant')).toBe(
          await page.locator('[aria-selected="true"]').getAttribute('id'),
        )
        return await active(page)
      }
      expect(await press('End')).toBe('last')
      expect(await press('Home')).toBe('main')
      expect(await press('ArrowDown', 'ArrowDown')).toBe('getter')
      expect(await press('ArrowLeft')).toBe('parent')
      await press('ArrowLeft')
      await row(page, 'getter').waitFor({ state: 'detached' })
      expect(await row(page, 'parent').getAttribute('aria-expanded')).toBe('false')
      expect(await row(page, 'parent').locator('.count').textContent()).toBe('2 greenlets below')
      await press('ArrowRight')
      await row(page, 'getter').waitFor()
      expect(await press('ArrowRight')).toBe('getter')
      expect(await press('ArrowUp', 'ArrowUp')).toBe('main')
      const sleeper = row(page, 'sleeper')
      expect(await sleeper.getAttribute('aria-level')).toBe('3')
      expect(await sleeper.getAttribute('aria-posinset')).toBe('2')
      expect(await sleeper.getAttribute('aria-setsize')).toBe('2')
    })
    end()
    await sleep(1)
  })

  it('is reached by Tab behind the buttons and the filter, and the filter by a slash', async () => {
    await inPage({}, async (page) => {
      await page.locator('.pause').focus()
      const at = (): Promise<unknown> =>
        page.evaluate('document.activeElement.getAttribute("role") ?? document.activeElement.className')
      const seen: unknown[] = []
      for (let n = 0; n < 3; n++) {
        await page.keyboard.press('Tab')
        seen.push(await at())
      }
      expect(seen).toEqual(['theme', 'search', 'tree'])
      await page.keyboard.press('/')
      expect(await at()).toBe('search')
    })
  })

  it('shows what the filter finds, and all again', async () => {
    const { end } = family()
    await inPage({}, async (page) => {
      const filter = page.getByRole('searchbox')
      await filter.fill('QUEUE.get')
      await row(page, 'last').waitFor({ state: 'detached' })
      expect(await names(page)).toEqual(['main', '  parent', '    getter'])
      // From the filter the first that was found is a key away.
      await filter.press('Enter')
      expect(await active(page)).toBe('getter')
      await filter.fill('nobody is called so')
      await page.getByText('Nobody is called so, or waits in such a call.').waitFor()
      await filter.press('Escape')
      await row(page, 'last').waitFor()
    })
    end()
    await sleep(1)
  })

  it('follows those who are waited for', async () => {
    const { end } = family()
    const [parent] = spawn(sleep, 1).hub.living()
    const joiner = spawnWith({ name: 'joiner' }, () => (parent as ReturnType<typeof spawn>).join())
    await inPage({}, async (page) => {
      await row(page, 'joiner').click()
      await page.locator('dd[data-fact="waits for"] button').click()
      expect(await active(page)).toBe('parent')
      await page.locator('.selected h2').filter({ hasText: 'parent' }).waitFor()
      expect(await page.locator('dd[data-fact="spawned by"]').innerText()).toBe('main')
    })
    await joiner.kill()
    end()
    await sleep(1)
  })

  it('folds up many of one body, opens them, and has elements only for those in sight', async () => {
    const crowd = Array.from({ length: 1000 }, () =>
      spawn(function* client() {
        yield* sleep(60_000)
      }),
    )
    await inPage({}, async (page) => {
      const group = row(page, 'client')
      await group.waitFor()
      expect(await group.locator('.count').textContent()).toBe('× 1,000')
      expect(await page.locator('.summary').textContent()).toBe('1,000 are folded up')
      await group.click()
      await page.keyboard.press('ArrowRight')
      await page.locator('[data-kind="greenlet"]').first().waitFor()
      await page.keyboard.press('End')
      await page.getByText('and 900 more').waitFor()
      expect(await page.locator('[role="treeitem"]').count()).toBeLessThan(60)
      await page.keyboard.press('Enter')
      await page.getByText('and 900 more').waitFor({ state: 'detached' })
      await page.locator('[role="tree"]').press('End')
      await page.getByText('and 700 more').waitFor()
      expect(await page.locator('[role="treeitem"]').count()).toBeLessThan(60)
    })
    for (const one of crowd) one.kill()
    await sleep(1)
  })

  it('stays where it is scrolled to while others come above', async () => {
    // Different names: they would share a row.
    const letters = Array.from({ length: 60 }, (_, n) => `one ${String.fromCharCode(97 + (n % 26))}${n}x`)
    const before = spawnWith({ name: 'before' }, function* () {
      for (;;) yield* sleep(60_000)
    })
    const crowd = letters.map((name) => spawnWith({ name }, () => new Event().wait()))
    await inPage({}, async (page) => {
      await page.evaluate(`document.querySelector('[role="tree"]').scrollTo(0, 700)`)
      const name = letters[28]!
      await row(page, name).waitFor()
      const top = async (): Promise<number> => (await row(page, name).boundingBox())!.y
      const at = await top()
      await before.kill()
      await row(page, 'before').waitFor({ state: 'detached' })
      await expect.poll(() => page.evaluate(`document.querySelector('[role="tree"]').scrollTop`)).toBeLessThan(700)
      expect(await top()).toBe(at)
    })
    for (const one of crowd) one.kill()
    await sleep(1)
  })
})

describe('its look', () => {
  const background = (page: Page): Promise<unknown> =>
    page.evaluate(`getComputedStyle(document.querySelector('.tile')).backgroundColor`)

  it('is light or dark as the system says, until a person chooses', async () => {
    await inPage({ look: { colorScheme: 'dark' } }, async (page) => {
      expect(await background(page)).toBe('rgb(14, 17, 22)')
      await page.getByRole('button', { name: 'Show it light' }).click()
      expect(await background(page)).toBe('rgb(255, 255, 255)')
    })
    await inPage({}, async (page) => {
      expect(await background(page)).toBe('rgb(255, 255, 255)')
    })
  })

  it('fits on a telephone, in whatever it shows', async () => {
    const { end } = family()
    const long = spawnWith({ name: 'a-name-that-is-much-longer-than-the-screen-of-a-telephone-is-wide' }, () =>
      new Event().wait(),
    )
    await inPage({ kill: true, look: { viewport: { width: 400, height: 800 } } }, async (page) => {
      await row(page, long.name).click()
      await page.locator('.selected h2').filter({ hasText: long.name }).waitFor()
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(400)
      const hidden = `(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('[role="tree"]'))`
      expect(await page.evaluate(hidden)).toBe(0)
    })
    await long.kill()
    end()
    await sleep(1)
  })

  it('does not move for who wants that', async () => {
    await inPage({}, async (page) => {
      expect(await page.evaluate('document.getAnimations().length')).toBe(0)
    })
  })
})
