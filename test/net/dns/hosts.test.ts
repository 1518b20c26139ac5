// The hosts file: which names it knows, and that it is read again when it has changed.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { HostsFile } from '../../../src/net/dns/hosts.ts'

/** A file of its own for the running test. */
function hosts(text?: string): { path: string; file: HostsFile } {
  const folder = mkdtempSync(join(tmpdir(), 'greenloop-hosts-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'hosts')
  if (text !== undefined) writeFileSync(path, text)
  return { path, file: new HostsFile(path) }
}

it('gives the addresses of a name in the order of the file, each once', () => {
  const { file } = hosts(`127.0.0.1\tlocalhost\n::1 localhost ip6-localhost\n\n127.0.0.1 localhost\r\n`)
  expect(file.find('localhost')).toEqual(['127.0.0.1', '::1'])
  expect(file.find('ip6-localhost')).toEqual(['::1'])
})

it('knows names in any case, and several to a line', () => {
  const { file } = hosts('192.0.2.1 Here here.example HERE2 # and a remark\n')
  expect([file.find('here'), file.find('HERE.Example'), file.find('here2')]).toEqual(Array(3).fill(['192.0.2.1']))
})

it('does not know what is in remarks, and lines without an address', () => {
  const { file } = hosts('# 192.0.2.1 here\nhere 192.0.2.1\n192.0.2.2\nfe80::1%lo0 zone\n')
  expect(['here', '192.0.2.1', '', 'remark', 'constructor'].flatMap((name) => file.find(name))).toEqual([])
  expect(file.find('zone')).toEqual(['fe80::1%lo0'])
})

it('is read again when it has changed', () => {
  const { path, file } = hosts()
  expect(file.find('here')).toEqual([])
  writeFileSync(path, '192.0.2.1 here\n')
  expect(file.find('here')).toEqual(['192.0.2.1'])
  writeFileSync(path, '192.0.2.2 here\n')
  utimesSync(path, 1, 1) // two writes may have the same time
  expect(file.find('here')).toEqual(['192.0.2.2'])
  rmSync(path)
  expect(file.find('here')).toEqual([])
})

it('that cannot be read says nothing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'greenloop-hosts-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  expect(new HostsFile(folder).find('here')).toEqual([])
})
