// Loads the CommonJS module that is its argument, patches too late by that, and patches twice.
import { createRequire } from 'node:module'
import * as monkey from 'greenloop/monkey'

const [, , path = ''] = process.argv
process.on('warning', (warning) => {
  console.log(warning.name, (warning as Error & { code: string }).code)
})
createRequire(import.meta.url)(path)
monkey.patchAll()
monkey.patchAll({ dns: false })
