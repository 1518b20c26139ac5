/**
 * The hosts file: names that need no name server. Node's c-ares questions do not look into it.
 *
 * It is small and local, and read at once, as c-ares does it; again when it has changed. Stands on Node's `fs`, taken when this file is
 * loaded.
 */
import fs from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'

const { readFileSync, statSync } = fs

/** Where the machine has it. */
const SYSTEM =
  process.platform === 'win32'
    ? join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'drivers', 'etc', 'hosts')
    : '/etc/hosts'

/** A hosts file: an address and its names on each line. */
export class HostsFile {
  readonly #path: string
  #version = ''
  #addresses = new Map<string, string[]>()

  constructor(path: string = SYSTEM) {
    this.#path = path
  }

  /** The addresses of a name, in the order of the file; none when it is not there, or there is no file. */
  find(hostname: string): readonly string[] {
    const found = statSync(this.#path, { throwIfNoEntry: false })
    const version = found === undefined ? '' : `${found.mtimeMs} ${found.size}`
    if (version !== this.#version) {
      this.#addresses = version === '' ? new Map<string, string[]>() : this.#read()
      this.#version = version
    }
    return this.#addresses.get(hostname.toLowerCase()) ?? []
  }

  #read(): Map<string, string[]> {
    const addresses = new Map<string, string[]>()
    let text = ''
    try {
      text = readFileSync(this.#path, 'utf8')
    } catch {
      // It may not be ours to read: then it says nothing.
    }
    for (const line of text.split('\n')) {
      const [address = '', ...names] = line.replace(/#.*/u, '').trim().split(/\s+/u)
      if (isIP(address) === 0) continue
      for (const name of names) {
        const known = addresses.get(name.toLowerCase())
        if (known === undefined) addresses.set(name.toLowerCase(), [address])
        else if (!known.includes(address)) known.push(address)
      }
    }
    return addresses
  }
}

/** That of this machine. */
export const hostsFile: HostsFile = new HostsFile()
