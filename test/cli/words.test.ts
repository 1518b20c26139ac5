// What is checked of a command line before anything runs.
import { existsSync, readlinkSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { checkTarget } from '../../src/cli/words.ts'
import { folderWith, remove } from './support/runs.ts'

it('a file that can be written is left as it is, also one behind a link that leads nowhere yet', () => {
  const folder = folderWith({})
  onTestFinished(() => {
    remove(folder)
  })
  const [target, link] = [join(folder, 'trace.json'), join(folder, 'link.json')]
  symlinkSync(target, link)
  checkTarget(link)
  checkTarget(target)
  expect([readlinkSync(link), existsSync(target)]).toEqual([target, false])
})
