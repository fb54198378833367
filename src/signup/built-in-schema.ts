import { compileSignupSchema, type SignupSchema } from './signup-schema.ts'

/** The sign-up form without SIGNUP_SCHEMA: a name that nobody else has, and the name of one's character. */
export const builtInSignupSchema: SignupSchema = compiled({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: {
    nickname: { type: 'string', minLength: 2, maxLength: 20, 'x-unique': true },
    characterName: { type: 'string', minLength: 1, maxLength: 30, pattern: '^\\P{Cc}*$' },
  },
  required: ['nickname', 'characterName'],
  additionalProperties: false,
})

function compiled(schema: object): SignupSchema {
  const result = compileSignupSchema(schema, 'the built-in sign-up schema')
  if ('problems' in result) throw new Error(result.problems.join('\n'))
  return result.schema
}
