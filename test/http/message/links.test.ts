/**
 * The `Link` header, as RFC 8288 has it.
 */
import { describe, expect, it } from 'vitest'
import { parseLinks } from '../../../src/http/message/links.ts'
import { checkLeaks } from '../../support/leaks.ts'

checkLeaks()

describe('parseLinks()', () => {
  it.each<[header: string | undefined, links: Record<string, unknown>]>([
    [undefined, {}],
    ['', {}],
    ['nothing', {}],
    ['<http://x/2>; rel="next"', { next: { url: 'http://x/2', rel: 'next' } }],
    [
      '<https://x/?a=1,2;3>; rel=next; title="a, b; \\"c\\"", </last>; rel="last"',
      { next: { url: 'https://x/?a=1,2;3', rel: 'next', title: 'a, b; "c"' }, last: { url: '/last', rel: 'last' } },
    ],
    [
      '<http:/.../front.jpeg>; rel=front; type="image/jpeg"',
      { front: { url: 'http:/.../front.jpeg', rel: 'front', type: 'image/jpeg' } },
    ],
    ['<a>, <b>;REL="x";rel="y"', { a: { url: 'a' }, x: { url: 'b', rel: 'x' } }],
    ['<a>; rel = "x" ; crossorigin ;;', { x: { url: 'a', rel: 'x', crossorigin: '' } }],
    ['<a>;rel=x, broken, <b>;rel=y', { x: { url: 'a', rel: 'x' } }],
    ['<a>; url="evil"; rel=x', { x: { url: 'a', rel: 'x' } }],
    ['<a>; rel=x, <b>; rel=x', { x: { url: 'b', rel: 'x' } }],
  ])('reads %s', (header, links) => {
    expect(parseLinks(header)).toEqual(links)
  })

  it('takes `__proto__` for a name like any other', () => {
    const links = parseLinks('<a>; rel=__proto__; __proto__=x')
    expect(Object.keys(links)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(links)).toBe(Object.prototype)
  })

  it('reads a long header in no time', () => {
    const header = `${'<a>;'.repeat(2000)}${' '.repeat(20_000)}${'<'.repeat(20_000)}`
    expect(Object.keys(parseLinks(header))).toEqual(['a'])
  })
})
