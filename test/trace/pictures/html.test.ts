// The timeline as a document: nothing in it comes from elsewhere, and nothing that a program named becomes markup.
import { createHash } from 'node:crypto'
import { type Recording, timelineHtml } from 'greenloop/trace'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { message } from '../../support/thrown.ts'
import { arrowsOf, recordingOf } from '../support/recordings.ts'

checkLeaks()

const nap = recordingOf('nap.ts', {
  main: '0 running 1 waiting:joinall()@/code/nap.ts:3 6 running 7',
  'nap-1': '1 ready 2 running 3 waiting:sleep(3)@/code/nap.ts:7 6 returned',
})

/** What the page reads. */
function dataOf(html: string): { title: string; strings: string[] } {
  const text = /<script type="application\/json" id="recordings">([^<]*)<\/script>/u.exec(html)?.[1]
  return JSON.parse(text ?? '') as { title: string; strings: string[] } // html.ts wrote it
}

/** A recording with a name of somebody's choice. */
function named(name: string): Recording {
  return recordingOf('', { main: '0 running 1', [name]: '0 running 1 returned' })
}

describe('timelineHtml()', () => {
  it('makes one whole document that names nothing outside of it', () => {
    const html = timelineHtml(nap)
    expect(html.startsWith('<!doctype html>\n<html lang="en">')).toBe(true)
    expect(html.endsWith('</html>\n')).toBe(true)
    expect(html).not.toMatch(/\b(?:src|href|srcset|action|data)\s*=|@import|\bimport\(|url\((?!['"]?#)/u)
    expect(html.match(/https?:\/\/[^"'` ]*/gu)).toEqual(['http://www.w3.org/2000/svg']) // a name, not an address
  })

  it('forbids the page to load anything, and lets run only what it carries', () => {
    const html = timelineHtml(nap)
    const hash = (text = ''): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
    const script = /<script>([^]*?)<\/script>/u.exec(html)?.[1]
    const style = /<style>([^]*?)<\/style>/u.exec(html)?.[1]
    expect(/http-equiv="Content-Security-Policy" content="([^"]*)"/u.exec(html)?.[1]).toBe(
      `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; base-uri 'none'; form-action 'none'`,
    )
    expect(html.match(/<script\b/gu)).toHaveLength(2)
    expect(html).not.toMatch(/ (?:style|on\w+)="/u)
  })

  it.each([
    '</script><script>alert(1)</script>',
    '<!-- <script>',
    ']]><img onerror=alert(1)>',
    'two\u2028lines\u2029more',
    '\'"`\u0000\n',
    'half a \ud83d pair',
    '行者 🐒',
  ])('carries the name %j as text', (name) => {
    const html = timelineHtml(named(name), { title: name })
    expect(dataOf(html).strings).toContain(name)
    expect(dataOf(html).title).toBe(name)
    expect(html.match(/<\/?(?:script|img)\b/gu)).toHaveLength(4)
    expect(html).not.toContain('<!--')
    expect(/<script type=[^]*<\/script>/u.exec(html)?.[0]).not.toMatch(/[\u2028\u2029]/u)
  })

  it('has the title in the tab, else those of the recordings, else none in particular', () => {
    const titleOf = (html: string): string | undefined => /<title>(.*)<\/title>/u.exec(html)?.[1]
    expect(titleOf(timelineHtml(nap, { title: 'a < b & c' }))).toBe('a &lt; b &amp; c')
    expect(titleOf(timelineHtml([nap, { ...nap, title: 'long nap.ts' }]))).toBe('nap.ts · long nap.ts')
    expect(titleOf(timelineHtml(named('a')))).toBe('Timeline')
  })

  it('writes places as an editor takes them', () => {
    const at = (file: string): Recording => {
      const [main] = nap.tracks
      return {
        ...nap,
        tracks: [{ ...main!, spans: main!.spans.map((span) => ({ ...span, place: { file, line: 7 } })) }],
      }
    }
    expect(dataOf(timelineHtml(at('/code/nap.ts'))).strings).toContain('/code/nap.ts:7')
    expect(dataOf(timelineHtml(at('file:///my%20work/nap.ts'))).strings).toContain('/my work/nap.ts:7')
    expect(dataOf(timelineHtml(at('file://elsewhere/nap.ts'))).strings).toContain('file://elsewhere/nap.ts:7')
  })

  it('carries each text once, and a span in a few bytes', () => {
    const lives: Record<string, string> = { main: '0 running 10' }
    for (let index = 0; index < 2000; index++) {
      lives[`worker-${index}`] =
        '0.125 ready 1.0625 running 1.5 waiting:queue.get()@/code/app.ts:12 7.75 running 8 returned'
    }
    const arrows = arrowsOf(...Array.from({ length: 2000 }, (_, index) => `wake 0>${index + 1} @7.75`))
    const html = timelineHtml(recordingOf('', lives, { arrows }))
    expect(dataOf(html).strings.filter((text) => text === 'queue.get()')).toHaveLength(1)
    const bytes = html.length - timelineHtml(recordingOf('', { main: '0 running 10' })).length
    expect(bytes / 2000).toBeLessThan(120) // a greenlet, its name, four spans and an arrow
  })

  it('refuses what is no recording, and a title that is no text', () => {
    expect(message(() => timelineHtml({} as Recording))).toBe(
      'timelineHtml() expects a recording, or a list of recordings, but got an Object.',
    )
    expect(message(() => timelineHtml([]))).toBe(
      'timelineHtml() expects a recording, or a list of recordings, but got an empty list.',
    )
    expect(message(() => timelineHtml(nap, { title: 7 as unknown as string }))).toBe(
      'timelineHtml() expects `title` to be a string, but got 7 (number).',
    )
    expect(message(() => timelineHtml(nap, null as unknown as object))).toBe(
      "timelineHtml() expects its options as an object, such as { title: 'my program' }, but got null.",
    )
  })
})
