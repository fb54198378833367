import { createSignupSchema, type SignupSchema } from './signup-schema.ts'

/** The sign-up form without SIGNUP_SCHEMA: a name that nobody else has, and the name of one's character. */
export const builtInSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: {
    nickname: { type: 'string', minLength: 2, maxLength: 20, 'x-unique': true },
    characterName: { type: 'string', minLength: 1, maxLength: 30, pattern: '^\\P{Cc}*$' },
  },
  required: ['nickname', 'characterName'],
  additionalProperties: false,
}

/** Compiled. Not judged first as an operator's is, which would cost every start; a test does it. */
export const builtInSignupSchema: SignupSchema = createSignupSchema(builtInSchema)
