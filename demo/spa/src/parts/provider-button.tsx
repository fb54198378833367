import type { ReactNode } from 'react'

/** What a provider is called and looks like on a button; unknown ones look neutral. */
const marks: Readonly<Record<string, ReactNode>> = {
  kakao: (
    <path
      fill="currentColor"
      d="M12 3.5c-5.2 0-9.4 3.3-9.4 7.3 0 2.6 1.8 4.9 4.4 6.2l-.9 3.4c-.1.3.2.5.5.4l4-2.7 1.4.1c5.2 0 9.4-3.3 9.4-7.4s-4.2-7.3-9.4-7.3z"
    />
  ),
  naver: <path fill="currentColor" d="M14.6 12.6 9.2 4.5H4.5v15h4.9v-8.1l5.4 8.1h4.7v-15h-4.9z" />,
  google: (
    <>
      <path
        fill="#4285f4"
        d="M21.6 12.2c0-.7-.1-1.4-.2-2H12v3.9h5.4a4.6 4.6 0 0 1-2 3v2.5h3.2c1.9-1.7 3-4.3 3-7.4z"
      />
      <path
        fill="#34a853"
        d="M12 22c2.7 0 5-.9 6.6-2.4l-3.2-2.5c-.9.6-2 1-3.4 1-2.6 0-4.8-1.8-5.6-4.1H3.1v2.6A10 10 0 0 0 12 22z"
      />
      <path fill="#fbbc05" d="M6.4 14a6 6 0 0 1 0-3.9V7.5H3.1a10 10 0 0 0 0 9z" />
      <path
        fill="#ea4335"
        d="M12 6c1.5 0 2.8.5 3.8 1.5l2.9-2.9A10 10 0 0 0 3.1 7.5l3.3 2.6C7.2 7.7 9.4 6 12 6z"
      />
    </>
  ),
}

export interface ProviderButtonProps {
  readonly id: string
  readonly label: string
  readonly onClick: () => void
}

export function ProviderButton({ id, label, onClick }: ProviderButtonProps) {
  return (
    <button type="button" className={`provider provider-${id}`} onClick={onClick}>
      <ProviderMark id={id} />
      <span>{label}</span>
    </button>
  )
}

export function ProviderMark({ id }: { readonly id: string }) {
  return (
    <svg className="mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {marks[id] ?? <circle cx="12" cy="12" r="8" fill="currentColor" />}
    </svg>
  )
}
