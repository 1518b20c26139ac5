// What is kept with objects of others.
import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { attached } from '../../src/waiting/attached.ts'

it('keeps one value with each object, and the latest of it', () => {
  const numbers = attached<number>()
  const [one, other] = [{}, Promise.resolve()]
  numbers.set(one, 1)
  numbers.set(other, 2)
  numbers.set(one, 3)
  expect([numbers.get(one), numbers.get(other), numbers.get({})]).toEqual([3, 2, undefined])
})

it('has nothing to do with another one, nor with what inherits from the object', () => {
  const [some, others] = [attached<string>(), attached<string>()]
  const target = function (): void {}
  some.set(target, 'some')
  expect([some.get(target), others.get(target), some.get(Object.create(target) as object)]).toEqual([
    'some',
    undefined,
    undefined,
  ])
  others.set(target, 'others')
  expect([some.get(target), others.get(target)]).toEqual(['some', 'others'])
})

it('leaves no trace that can be seen', () => {
  const target = {}
  attached<object>().set(target, { secret: true })
  expect([Reflect.ownKeys(target), inspect(target, { showHidden: true })]).toEqual([[], '{}'])
  expect(target).toEqual({})
})
