// Which proxy a URL goes through: a table that was made by running Python's requests 2.28.1 on each row, and where we differ.
import { describe, expect, it } from 'vitest'
import { InvalidProxyURL } from '../../../src/http/exceptions.ts'
import { type Proxies, proxyFor } from '../../../src/http/transport/proxies.ts'
import { message, thrown } from '../../support/thrown.ts'

type Row = readonly [url: string, given: Proxies, env: Record<string, string>, proxy: string | null]

const AS_PYTHON: readonly Row[] = [
  ['http://example.org/', {}, {}, null],
  ['http://example.org/', { http: 'http://p:1' }, {}, 'http://p:1'],
  ['https://example.org/', { http: 'http://p:1' }, {}, null],
  ['https://example.org/', { all: 'http://p:1' }, {}, 'http://p:1'],
  ['http://example.org/', { http: 'http://p:1', 'http://example.org': 'http://q:2' }, {}, 'http://q:2'],
  ['http://example.org/', { 'all://example.org': 'http://q:2', all: 'http://p:1' }, {}, 'http://q:2'],
  ['http://example.org/', { 'all://example.org': 'http://q:2', http: 'http://p:1' }, {}, 'http://p:1'],
  ['http://sub.example.org/', { 'http://example.org': 'http://q:2' }, {}, null],
  ['http://EXAMPLE.org/', { 'http://example.org': 'http://q:2' }, {}, 'http://q:2'],
  ['http://[::1]:8080/', { 'http://::1': 'http://q:2' }, {}, 'http://q:2'],
  ['http://example.org/', { http: '' }, { http_proxy: 'http://e:3' }, null],
  ['http://example.org/', {}, { http_proxy: 'http://e:3' }, 'http://e:3'],
  ['https://example.org/', {}, { http_proxy: 'http://e:3' }, null],
  ['https://example.org/', {}, { https_proxy: 'http://e:3' }, 'http://e:3'],
  ['https://example.org/', {}, { all_proxy: 'http://e:3' }, 'http://e:3'],
  ['https://example.org/', {}, { https_proxy: 'http://e:3', all_proxy: 'http://f:4' }, 'http://e:3'],
  ['http://example.org/', {}, { HTTP_PROXY: 'http://e:3' }, 'http://e:3'],
  ['http://example.org/', {}, { HTTP_PROXY: 'http://e:3', http_proxy: 'http://f:4' }, 'http://f:4'],
  ['http://example.org/', {}, { HTTP_PROXY: 'http://e:3', http_proxy: '' }, null],
  ['http://example.org/', {}, { HTTP_PROXY: 'http://e:3', REQUEST_METHOD: 'GET' }, null],
  ['http://example.org/', {}, { http_proxy: 'http://e:3', REQUEST_METHOD: 'GET' }, 'http://e:3'],
  ['https://example.org/', {}, { HTTPS_PROXY: 'http://e:3', REQUEST_METHOD: 'GET' }, 'http://e:3'],
  ['http://example.org/', { http: 'http://p:1' }, { http_proxy: 'http://e:3' }, 'http://p:1'],
  ['http://example.org/', { all: 'http://p:1' }, { http_proxy: 'http://e:3' }, 'http://e:3'],
  ['http://example.org/', { all: 'http://p:1' }, { http_proxy: 'http://e:3', no_proxy: 'example.org' }, 'http://p:1'],
  ['http://example.org/', { http: 'http://p:1' }, { no_proxy: 'example.org' }, 'http://p:1'],
  ['http://example.org/', {}, { http_proxy: 'http://e:3', no_proxy: 'example.org' }, null],
  ['http://example.org/', {}, { http_proxy: 'http://e:3', NO_PROXY: 'example.org' }, null],
  ['http://sub.example.org/', {}, { http_proxy: 'http://e:3', no_proxy: 'example.org' }, null],
  ['http://sub.example.org/', {}, { http_proxy: 'http://e:3', no_proxy: '.example.org' }, null],
  ['http://example.org/', {}, { http_proxy: 'http://e:3', no_proxy: '.example.org' }, null],
  ['http://example.org/', {}, { http_proxy: 'http://e:3', no_proxy: 'other.org, example.org' }, null],
  ['http://example.org/', {}, { http_proxy: 'http://e:3', no_proxy: 'EXAMPLE.ORG' }, null],
  ['http://example.org/', {}, { http_proxy: 'http://e:3', no_proxy: 'org' }, null],
  ['http://example.org:8080/', {}, { http_proxy: 'http://e:3', no_proxy: 'example.org:8080' }, null],
  ['http://example.org:8081/', {}, { http_proxy: 'http://e:3', no_proxy: 'example.org:8080' }, 'http://e:3'],
  ['http://sub.example.org:8080/', {}, { http_proxy: 'http://e:3', no_proxy: 'example.org:8080' }, null],
  ['http://example.org/', {}, { http_proxy: 'http://e:3', no_proxy: '*' }, null],
  ['http://example.org/', {}, { http_proxy: 'http://e:3', no_proxy: 'a,*' }, 'http://e:3'],
  ['http://192.168.0.5/', {}, { http_proxy: 'http://e:3', no_proxy: '192.168.0.0/24' }, null],
  ['http://192.168.1.5/', {}, { http_proxy: 'http://e:3', no_proxy: '192.168.0.0/24' }, 'http://e:3'],
  ['http://10.9.8.7/', {}, { http_proxy: 'http://e:3', no_proxy: '10.0/8' }, null],
  ['http://192.168.0.5/', {}, { http_proxy: 'http://e:3', no_proxy: '192.168.0.5' }, null],
  ['http://192.168.0.5:8080/', {}, { http_proxy: 'http://e:3', no_proxy: '192.168.0.5:8080' }, 'http://e:3'],
  ['http://192.168.0.5/', {}, { http_proxy: 'http://e:3', no_proxy: '192.168.0.0/0' }, 'http://e:3'],
  ['http://192.168.0.5/', {}, { http_proxy: 'http://e:3', no_proxy: '192.168.0.0/33,a/8,1/2/3' }, 'http://e:3'],
  ['http://192.168.0.5/', {}, { http_proxy: 'http://e:3', no_proxy: '0.5' }, null],
  ['http://[::1]/', {}, { http_proxy: 'http://e:3', no_proxy: '::1' }, null],
  ['http://localhost/', {}, { http_proxy: 'http://e:3', no_proxy: 'localhost,127.0.0.1' }, null],
  ['http://127.0.0.1/', {}, { http_proxy: 'http://e:3', no_proxy: 'localhost,127.0.0.1' }, null],
  ['http://example.org/', { no_proxy: 'example.org' }, { http_proxy: 'http://e:3' }, null],
  ['http://example.org/', { no_proxy: '' }, { http_proxy: 'http://e:3', no_proxy: 'example.org' }, 'http://e:3'],
  [
    'http://example.org/',
    { no_proxy: 'other.org' },
    { http_proxy: 'http://e:3', no_proxy: 'example.org' },
    'http://e:3',
  ],
  ['http://example.org/', { no_proxy: '*' }, { http_proxy: 'http://e:3' }, null],
  ['http://example.org/', { no_proxy: 'example.org', http: 'http://p:1' }, { http_proxy: 'http://e:3' }, 'http://p:1'],
  ['http://example.org/', {}, { http_proxy: 'http://e:3', no_proxy: '' }, 'http://e:3'],
  ['http://example.org/', {}, { http_proxy: 'http://e:3', no_proxy: '', NO_PROXY: 'example.org' }, null],
  ['http://example.org/', { http: 'proxy.org' }, {}, 'http://proxy.org'],
  ['http://example.org/', { http: '10.0.0.1:3128' }, {}, 'http://10.0.0.1:3128'],
  ['http://example.org/', { http: '//proxy.org:3128' }, {}, 'http://proxy.org:3128'],
  ['https://example.org:443/', {}, { https_proxy: 'http://e:3', no_proxy: 'example.org:443' }, null],
  ['http://example.org/', { http: null }, { http_proxy: 'http://e:3' }, null],
]

function answer(url: string, given: Proxies | undefined, env: Record<string, string> | null): string | null {
  return proxyFor(new URL(url), given, env)?.href.replace(/\/$/u, '') ?? null
}

describe('as in requests', () => {
  it.each(AS_PYTHON)('%s with %j and %j goes through %s', (url, given, env, proxy) => {
    expect(answer(url, given, env)).toBe(proxy)
  })
})

describe('otherwise than in requests 2.28.1', () => {
  it('a name in no_proxy is a whole name or its end behind a dot, as in later releases', () => {
    const env = { http_proxy: 'http://e:3', no_proxy: 'example.org' }
    expect(answer('http://notexample.org/', {}, env)).toBe('http://e:3')
  })

  it('a port in no_proxy may be the one that goes without saying', () => {
    const env = { https_proxy: 'http://e:3', no_proxy: 'example.org:443' }
    expect(answer('https://example.org/', {}, env)).toBeNull()
    expect(answer('http://example.org/', {}, { http_proxy: 'http://e:3', no_proxy: 'example.org:443' })).toBe(
      'http://e:3',
    )
  })

  it('null means none, and not what the others say', () => {
    expect(answer('http://example.org/', { http: null }, { all_proxy: 'http://e:3' })).toBeNull()
    expect(answer('http://example.org/', { 'http://example.org': null, http: 'http://p:1' }, {})).toBeNull()
  })

  it('a proxy without a scheme is one for http:, with a port, too', () => {
    expect(answer('http://example.org/', { http: 'localhost:3128' }, {})).toBe('http://localhost:3128')
    expect(answer('http://example.org/', { http: 'user:word@localhost:3128' }, {})).toBe(
      'http://user:word@localhost:3128',
    )
  })
})

describe('a proxy', () => {
  it('may be a URL object, and of four kinds', () => {
    for (const proxy of ['http://p:1', 'https://p:1', 'socks5://p:1', 'socks5h://p:1']) {
      expect(answer('http://example.org/', { all: new URL(proxy) }, null)).toBe(proxy)
    }
  })

  it('is not looked for in the environment when that does not count', () => {
    expect(answer('http://example.org/', undefined, null)).toBeNull()
    expect(answer('http://example.org/', { no_proxy: '*', all: 'http://p:1' }, null)).toBe('http://p:1')
  })

  it('that is no URL, or has no host, is an InvalidProxyURL that says where it stands', () => {
    const url = new URL('http://example.org/')
    expect(thrown(() => proxyFor(url, { http: 'http://' }, null))).toBeInstanceOf(InvalidProxyURL)
    expect(message(() => proxyFor(url, { http: 'http://' }, null))).toBe(
      'proxies["http"] is no URL of a proxy: "http://" (string).',
    )
    expect(message(() => proxyFor(url, {}, { http_proxy: 'http://me:secret@h:99999' }))).toBe(
      'http_proxy of the environment is no URL of a proxy: "http://***@h:99999" (string).',
    )
    expect(message(() => proxyFor(url, { all: 'ftp://p:1' }, null))).toBe(
      'proxies["all"] is a proxy of a kind that is not known: "ftp://p:1" (string). It can be http:, https:, socks5: or socks5h:.',
    )
  })
})
