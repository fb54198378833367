import { routeFields } from '../../src/config/route-fields.ts'
import {
  providerVariable,
  providerVariables,
  type Variable,
  type VariableGroup,
  variableGroups,
} from '../../src/config/variables.ts'

const groups: readonly VariableGroup[] = variableGroups

/** What a newcomer fills in first; everything else stands there as a comment. */
const essentials = new Map([
  ['PUBLIC_URL', 'http://localhost:3000'],
  ['PROVIDERS', 'kakao,naver,google'],
  ['API_URL', 'http://127.0.0.1:8080'],
])
const presets = ['kakao', 'naver', 'google']
const ownIssuer = 'my-issuer'

/** docs/configuration.md as the tables have it. */
export function configurationPage(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|')
  const unlessSet = ({ default: value, unset }: Variable) => (value ? `\`${value}\`` : (unset ?? 'none'))
  const rows = (variables: readonly Variable[], prefix = '') =>
    variables.map((one) => `| \`${prefix}${one.name}\` | ${cell(unlessSet(one))} | ${cell(one.meaning)} |`)
  const heading = ['| variable | unless set | meaning |', '|---|---|---|']
  return [
    '# Configuration',
    '',
    'Environment variables, and a `.env` in the working directory for those that are not set. An empty variable counts as not',
    'set. Durations are `500ms`, `30s`, `15m`, `12h`, `14d`; sizes `64kb`, `10mb`. _Loopback_ means that the host of `PUBLIC_URL`',
    'is `localhost`, `*.localhost`, in 127.0.0.0/8 or `[::1]`. `npx coatcheck check` names every problem at once,',
    '`npx coatcheck doctor` tries what the configuration names.',
    '',
    'For every variable `NAME`, `NAME_FILE` may name a file that holds the value instead (secrets of Docker and Kubernetes): one',
    'trailing line break is cut off. A file that cannot be read or is empty, or both set, is a problem. `SIGNUP_SCHEMA`,',
    '`API_ROUTES` and `SERVICE_TOKEN_KEYS` name files already and have none. Text files may be UTF-8 or UTF-16.',
    '',
    '`check`, `doctor` and the start warn of what works and is careless: secrets that are easy to guess, Redis or PostgreSQL on',
    'another machine without a password or TLS, tokens that travel by http, limits that limit nothing. One secret for two purposes',
    'is refused.',
    ...groups.flatMap(({ title, variables }) => ['', `## ${title}`, '', ...heading, ...rows(variables)]),
    '',
    '## Each provider',
    '',
    'The names begin with the provider’s id in capitals, `-` as `_`: `KAKAO_CLIENT_ID`, `MY_ISSUER_ISSUER`. The redirect URI to',
    'register at the provider is `PUBLIC_URL/auth/callback/ID`.',
    '',
    ...heading,
    ...rows(providerVariables, '<ID>_'),
    '',
    '## Routes',
    '',
    'The fields of a route in `API_ROUTES`. A field that is not in this table stops the start.',
    '',
    '| field | unless set | meaning |',
    '|---|---|---|',
    ...routeFields.map((one) => `| \`${one.name}\` | ${cell(one.default)} | ${cell(one.meaning)} |`),
    '',
  ].join('\n')
}

/** .env.example as the tables have it: every variable once. */
export function envExample(): string {
  return [
    '# coatcheck’s configuration. Copy this file to .env and fill in what is not commented out; `npx coatcheck check` says what is missing.',
    '# What stands behind a comment’s = is the default, or an example where there is none. docs/configuration.md says more.',
    ...groups.flatMap(({ title, variables }) => [
      '',
      `# --- ${title} ${'-'.repeat(90 - title.length)}`,
      ...variables.flatMap(assignment),
      ...(title === 'Providers' ? providerBlocks() : []),
    ]),
    '',
  ].join('\n')
}

function assignment(variable: Variable): readonly string[] {
  const { name, example } = variable
  const set = essentials.get(name)
  // A secret that stood here would be everybody's.
  const value = example.includes('$(') ? '' : quoted(variable.default ?? example)
  return ['', ...wrapped(explained(variable)), set === undefined ? `#${name}=${value}` : `${name}=${set}`]
}

function explained({ meaning, default: value, unset }: Variable): string {
  if (value !== undefined || unset === undefined) return meaning
  return unset === 'required' ? `${meaning} Required.` : `${meaning} Unset: ${unset}.`
}

function providerBlocks(): readonly string[] {
  const console =
    'Client id and secret come from the provider’s console; register PUBLIC_URL/auth/callback/ID there.'
  const other = `Any other OpenID Connect issuer: its id in PROVIDERS, here ${ownIssuer}, and the same variables.`
  return [
    ...['', ...wrapped(console)],
    ...presets.flatMap((id) => [
      '',
      ...providerVariables.map(
        ({ name, ...one }: Variable) =>
          `${one.unset === 'required' ? '' : '#'}${providerVariable(id, name as 'ISSUER')}=`,
      ),
    ]),
    ...['', ...wrapped(other)],
    ...providerVariables.flatMap((one: Variable, index) => [
      // The endpoints share one explanation.
      ...(one.meaning === providerVariables[index - 1]?.meaning ? [] : wrapped(explained(one))),
      `#${providerVariable(ownIssuer, one.name as 'ISSUER')}=${quoted(one.example)}`,
    ]),
  ]
}

/** As node:util parseEnv reads it back. */
function quoted(value: string): string {
  if (!/[\s#'"$]/.test(value)) return value
  return value.includes("'") ? `"${value}"` : `'${value}'`
}

function wrapped(text: string): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < 110) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(`# ${word}`)
  }
  return lines
}
