/**
 * What the parser knows besides the syntax: the compiler's types, where typescript-eslint was told to ask for them.
 *
 * Stands on nothing. Leaves it to each rule whether it can do without.
 */
import type { ParserServices, ParserServicesWithTypeInformation } from '@typescript-eslint/utils'

/** What a parser hands to the rules; parsers other than typescript-eslint's hand nothing. */
export type MaybeTyped = Partial<ParserServices> | undefined

/** The types, for a rule that can do without. */
export function findServices(services: MaybeTyped): ParserServicesWithTypeInformation | null {
  return services?.program ? (services as ParserServicesWithTypeInformation) : null // with a program come the others
}

/** The types, for a rule that cannot do without. Throws when there are none. */
export function typedServices(services: MaybeTyped, rule: string): ParserServicesWithTypeInformation {
  const found = findServices(services)
  if (found !== null) return found
  throw new Error(
    `The rule greenloop/${rule} needs to know types. Have typescript-eslint parse the file and ask the compiler:\n\n` +
      '  languageOptions: {\n' +
      '    parser: tseslint.parser,\n' +
      '    parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },\n' +
      '  }\n',
  )
}
