// `@green` on methods: compiled by a tool that knows decorators, which the test runner's does not.
import { type Green, getcurrent, green, RawGreenlet } from 'greenloop'

const main = getcurrent()

class Tree {
  readonly name: string
  readonly below: readonly Tree[]

  constructor(name: string, ...below: readonly Tree[]) {
    this.name = name
    this.below = below
  }

  @green
  *walk(prefix = '/'): Green<number> {
    yield* main.switch(`${prefix}${this.name}`)
    let count = 1
    for (const tree of this.below) count += yield* tree.walk(`${prefix}${this.name}/`)
    return count
  }

  @green
  static *join(...words: string[]): Green<string> {
    return `${this.name} ${String(words.length)} ${String(yield* main.switch('static'))}`
  }
}

const walker = new RawGreenlet(function* (): Green<unknown> {
  return [yield* new Tree('a', new Tree('b', new Tree('c')), new Tree('d')).walk(), yield* Tree.join('x', 'y')]
})
while (!walker.dead) console.log(JSON.stringify(walker.switch('come back').value))
console.log(Tree.prototype.walk.name, Reflect.ownKeys(Tree.prototype.walk.prototype as object).join(' '))
