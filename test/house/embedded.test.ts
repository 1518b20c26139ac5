// What runs elsewhere is carried as text: the text is that of the sources.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { EMBEDDED, embedded, placeOf } from '../../scripts/embed.ts'

it.each(EMBEDDED)('src/trace/built/$name.ts is what npm run embed makes of $folder', async (one) => {
  expect(readFileSync(placeOf(one.name), 'utf8') === (await embedded(one)), 'npm run embed was forgotten').toBe(true)
})
