import { type Answer, html, redirect, type SimulatedRequest } from './answer.ts'
import { consentPage } from './consent-page.ts'
import { newPerson, type PersonaId, personas, type SimulatedPerson } from './personas.ts'
import type { Ask, Surface } from './surface.ts'

/** Who sits in front of a simulated provider's consent page, and what they press. */
export interface ConsentDesk {
  /** The button that the person of a test presses. */
  readonly persona: PersonaId
  readonly lastPerson: SimulatedPerson | undefined
  /** From now on: a persona, or one certain person; `atOnce`: signed in there already, sees no page. */
  as(who: PersonaId | SimulatedPerson, options?: { readonly atOnce?: boolean }): void
  newPerson(facts?: Partial<SimulatedPerson>): SimulatedPerson
  /** The page, or where its button (or the answer at once) leads. */
  answer(request: SimulatedRequest, ask: Ask): Answer
}

export function createConsentDesk({ look, newSubject, regular }: Surface): ConsentDesk {
  let chosen: PersonaId | SimulatedPerson = 'newcomer'
  let atOnce = false
  let lastPerson: SimulatedPerson | undefined
  const somebody = (facts: Partial<SimulatedPerson> = {}) => ({ ...newPerson(newSubject()), ...facts })
  const persona = (): PersonaId => (typeof chosen === 'string' ? chosen : 'returning')

  function personOf(pressed: PersonaId): SimulatedPerson {
    if (typeof chosen !== 'string') return chosen
    if (pressed === 'no-email') return somebody({ sharesEmail: false })
    return pressed === 'returning' ? (lastPerson ?? somebody({ subject: regular })) : somebody()
  }

  function decide(pressed: PersonaId, { allow, deny, redirectUri }: Ask): Answer {
    const decision = personas.find(({ id }) => id === pressed)?.decision ?? 'deny'
    if (decision === 'deny') return back(redirectUri, deny)
    const person = personOf(pressed)
    if (decision === 'allow') lastPerson = person
    return back(redirectUri, allow(person, decision === 'down'))
  }

  return {
    get persona() {
      return persona()
    },
    get lastPerson() {
      return lastPerson
    },
    as(who, options) {
      chosen = who
      atOnce = options?.atOnce ?? false
    },
    newPerson: somebody,
    answer(request, ask) {
      const pressed = personas.find(({ id }) => id === request.form.get('persona'))
      if (request.method === 'POST' && pressed) return decide(pressed.id, ask)
      if (atOnce) return decide(persona(), ask)
      const page = html(consentPage({ look, action: `${request.path}?${request.query}` }))
      // For the simulated browser, which presses buttons only on pages of this kind.
      return { ...page, headers: { ...page.headers, 'x-simulated-page': 'consent' } }
    },
  }
}

function back(redirectUri: string, parameters: Readonly<Record<string, string>>): Answer {
  const location = new URL(redirectUri)
  for (const [name, value] of Object.entries(parameters)) location.searchParams.set(name, value)
  return redirect(location)
}
