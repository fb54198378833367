/** What this demo's people fill in at sign-up: coatcheck's built-in schema. */
export interface Profile {
  readonly nickname: string
  readonly characterName: string
}
