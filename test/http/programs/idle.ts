// One page over a connection that is kept alive, and the end of the program. argv[2]: the page.
import { run } from 'greenloop'
import { requests } from 'greenloop/http'

const url = process.argv[2] ?? ''
const answer = await run(function* () {
  yield* requests.get(url)
  return yield* requests.get(url)
})
console.log(answer.statusCode, answer.text)
