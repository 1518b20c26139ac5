// Response: the web's for whoever looks at it, and light as long as nobody does.
import { Readable } from 'node:stream'
import { sleep } from 'greenloop'
import { Response } from 'greenloop/http'
import { describe, expect, it } from 'vitest'
import { usage } from '../../support/thrown.ts'

describe('Response', () => {
  it('is one of the web', async () => {
    const response = new Response('text', { status: 201, statusText: 'Made', headers: [['x-a', 'b']] })
    expect(response).toBeInstanceOf(globalThis.Response)
    const parts = ({ status, statusText, ok, type, url, redirected, bodyUsed, headers }: globalThis.Response) => [
      status,
      statusText,
      ok,
      type,
      url,
      redirected,
      bodyUsed,
      [...headers],
    ]
    expect(parts(response)).toEqual(
      parts(new globalThis.Response('text', { status: 201, statusText: 'Made', headers: [['x-a', 'b']] })),
    )
    const copy = response.clone()
    expect([await response.text(), await copy.text(), response.bodyUsed]).toEqual(['text', 'text', true])
  })

  it('has all members that the one of the web has', () => {
    const members = Object.getOwnPropertyNames(globalThis.Response.prototype)
    expect(members.filter((name) => !Object.hasOwn(Response.prototype, name))).toEqual([])
  })

  it('is read in each form', async () => {
    expect(await new Response('[1]').json()).toEqual([1])
    expect(Buffer.from(await new Response('ab').arrayBuffer()).toString()).toBe('ab')
    expect(Buffer.from(await new Response('ab').bytes()).toString()).toBe('ab')
    expect((await new Response('ab').blob()).size).toBe(2)
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- a Response of the web has it
    expect((await new Response(new URLSearchParams('a=1')).formData()).get('a')).toBe('1')
    expect(await new globalThis.Response(new Response('ab').body).text()).toBe('ab')
    expect(await new Response(Readable.from(['a', 'b'])).text()).toBe('ab')
    expect(await new Response(['a', 'b']).text()).toBe('ab')
    expect(new Response().body).toBe(null)
    const form = new FormData()
    form.set('a', 'b')
    const response = new Response(form)
    expect(response.headers.get('content-type')).toMatch(/^multipart\/form-data; boundary=/u)
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- a Response of the web has it
    expect((await response.formData()).get('a')).toBe('b')
  })

  it('is JSON', async () => {
    const response = Response.json({ a: 1 }, { status: 404, headers: { 'x-a': 'b' } })
    expect([response.status, response.headers.get('content-type'), response.headers.get('x-a')]).toEqual([
      404,
      'application/json',
      'b',
    ])
    expect(await response.json()).toEqual({ a: 1 })
    expect(Response.json(1, { headers: { 'Content-Type': 'a/b' } }).headers.get('content-type')).toBe('a/b')
    expect(usage(() => Response.json(undefined))).toBe(
      'Response.json() expects what can be written as JSON, but got undefined.',
    )
  })

  it('is a redirection', () => {
    const response = Response.redirect('/ä b%20c?d=1', 308)
    expect([response.status, response.headers.get('location')]).toEqual([308, '/%C3%A4%20b%20c?d=1'])
    expect(Response.redirect(new URL('http://a/b')).headers.get('location')).toBe('http://a/b')
    expect(usage(() => Response.redirect('/', 200))).toBe(
      'Response.redirect() expects its status to be 301, 302, 303, 307 or 308, but got 200 (number).',
    )
  })

  it('is the error of the web', () => {
    expect(Response.error().type).toBe('error')
  })

  it('refuses what cannot be sent', () => {
    const wrong = (given: string) =>
      `new Response() expects its body to be text, bytes, a form, a stream, an iterable, a function that writes it or null, but got ${given}.\n\n` +
      '  new Response({ ok: true })    // incorrect: an object has no bytes\n' +
      '  Response.json({ ok: true })   // correct'
    expect(usage(() => new Response({ ok: true } as never))).toBe(wrong('an Object'))
    expect(usage(() => new Response(1 as never))).toBe(wrong('1 (number)'))
    expect(usage(() => new Response(sleep(1) as never))).toBe(wrong('an operation'))
    expect(usage(() => new Response('', { status: 99 }))).toBe(
      'new Response() expects `status` to be an integer from 200 to 599, but got 99 (number).',
    )
    expect(usage(() => new Response('', 404 as never))).toBe(
      'new Response() expects its options as an object, such as { status: 404 }, but got 404 (number).',
    )
    expect(usage(() => new Response('', { status: 204 }))).toBe(
      'new Response() was given a body and the status 204, which has none.\n\n' +
        "  new Response('', { status: 204 })     // incorrect: an empty body is one, too\n" +
        '  new Response(null, { status: 204 })   // correct',
    )
    expect(usage(() => new Response(function* () {}).body)).toBe(
      'The body of a Response was asked for, but it is a function that writes it, which only serve() calls.\n\n' +
        '  new Response(function* (out) { ... }).text()   // incorrect: there is nobody to write to\n' +
        "  new Response('text').text()                    // correct",
    )
  })
})
