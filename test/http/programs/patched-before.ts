// The patches first, and a fetch; `greenloop/http` is loaded afterwards. argv[2]: the page.
import { run } from 'greenloop'
import * as monkey from 'greenloop/monkey'

const url = process.argv[2] ?? ''
monkey.patchAll()
await run(function* () {
  const response = yield* fetch(url)
  console.log('fetch', yield* response.text())
  const { requests } = yield* import('greenloop/http')
  const answer = yield* requests.get(url)
  console.log('requests', answer.text)
})
