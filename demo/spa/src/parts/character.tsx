import type { ReactNode } from 'react'

/** Six guests of the cloakroom, each in a coat; drawn for this demo. */
const guests: Readonly<Record<string, { readonly coat: string; readonly head: ReactNode }>> = {
  bear: {
    coat: '#39605a',
    head: (
      <>
        <circle cx="28" cy="24" r="9" fill="#8a5a3b" />
        <circle cx="68" cy="24" r="9" fill="#8a5a3b" />
        <circle cx="48" cy="40" r="25" fill="#a06a46" />
        <ellipse cx="48" cy="48" rx="11" ry="8.5" fill="#e9cfae" />
        <ellipse cx="48" cy="44.5" rx="4" ry="3" fill="#33231a" />
      </>
    ),
  },
  rabbit: {
    coat: '#7a2e3a',
    head: (
      <>
        <ellipse cx="37" cy="19" rx="7" ry="17" fill="#e8e3dc" />
        <ellipse cx="59" cy="19" rx="7" ry="17" fill="#e8e3dc" />
        <ellipse cx="37" cy="20" rx="3" ry="12" fill="#eab7ad" />
        <ellipse cx="59" cy="20" rx="3" ry="12" fill="#eab7ad" />
        <circle cx="48" cy="42" r="24" fill="#f4f0ea" />
        <path d="M45 46h6l-3 3.5z" fill="#d98a80" />
        <path d="M48 49.5v4" stroke="#7d6f68" strokeWidth="1.5" />
      </>
    ),
  },
  fox: {
    coat: '#2f4a73',
    head: (
      <>
        <path d="M24 34 22 9l20 12zM72 34 74 9 54 21z" fill="#d9702d" />
        <path d="M27 27 26 15l10 7zM69 27l1-12-10 7z" fill="#4a2b1d" />
        <path d="M48 66C30 62 22 48 24 32c12-8 36-8 48 0 2 16-6 30-24 34z" fill="#e5813a" />
        <path d="M48 66c-9-2-18-8-22-19 9-2 17 1 22 8 5-7 13-10 22-8-4 11-13 17-22 19z" fill="#fbf3e8" />
        <ellipse cx="48" cy="59" rx="4" ry="3" fill="#33231a" />
      </>
    ),
  },
  penguin: {
    coat: '#b98a2f',
    head: (
      <>
        <circle cx="48" cy="38" r="26" fill="#2d3542" />
        <path d="M48 30c6-9 20-5 19 9-1 13-10 21-19 21s-18-8-19-21c-1-14 13-18 19-9z" fill="#f7f4ee" />
        <path d="M41 45c4-3 10-3 14 0-2 5-5 7-7 7s-5-2-7-7z" fill="#e9a23b" />
      </>
    ),
  },
  cat: {
    coat: '#5a4a78',
    head: (
      <>
        <path d="M25 36V10l17 11zM71 36V10L54 21z" fill="#6f7480" />
        <path d="M29 28V17l8 6zM67 28V17l-8 6z" fill="#e2aaa2" />
        <ellipse cx="48" cy="41" rx="26" ry="23" fill="#858a96" />
        <path d="M45 46h6l-3 3.5z" fill="#e2aaa2" />
        <path
          d="M48 49.5c-2 4-6 4-8 2m8-2c2 4 6 4 8 2"
          fill="none"
          stroke="#3a3d45"
          strokeWidth="1.5"
          strokeLinecap="round"
        />
        <path
          d="M30 46 17 44m13 6-12 3m48-7 13-2m-13 6 12 3"
          stroke="#e8e6e2"
          strokeWidth="1.3"
          strokeLinecap="round"
        />
      </>
    ),
  },
  frog: {
    coat: '#a4502f',
    head: (
      <>
        <circle cx="33" cy="24" r="11" fill="#6fa04c" />
        <circle cx="63" cy="24" r="11" fill="#6fa04c" />
        <ellipse cx="48" cy="43" rx="28" ry="21" fill="#7fb458" />
        <path
          d="M31 49c10 8 24 8 34 0"
          fill="none"
          stroke="#34562a"
          strokeWidth="2.2"
          strokeLinecap="round"
        />
        <circle cx="28" cy="46" r="4" fill="#e9a899" opacity=".7" />
        <circle cx="68" cy="46" r="4" fill="#e9a899" opacity=".7" />
      </>
    ),
  },
}

export const characterNames = Object.keys(guests)

/** A guest's picture; decoration beside its name, so hidden from screen readers. */
export function Character({ name, className }: { readonly name: string; readonly className?: string }) {
  const { coat, head } = guests[name] ?? (guests['bear'] as { coat: string; head: ReactNode })
  const eyes = name === 'frog' ? 24 : 38
  const apart = name === 'frog' ? 15 : 10
  return (
    <svg className={className} viewBox="0 0 96 96" aria-hidden="true" focusable="false">
      <path d="M12 96c0-20 14-32 36-32s36 12 36 32z" fill={coat} />
      <path d="M48 66v30M38 65l10 12 10-12" fill="none" stroke="#fff" strokeOpacity=".45" strokeWidth="2" />
      <circle cx="48" cy="86" r="1.8" fill="#fff" fillOpacity=".7" />
      {head}
      {[48 - apart, 48 + apart].map((x) => (
        <g key={x}>
          <circle cx={x} cy={eyes} r="3.2" fill="#221a16" />
          <circle cx={x + 1} cy={eyes - 1} r="1" fill="#fff" />
        </g>
      ))}
    </svg>
  )
}
