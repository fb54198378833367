import { createClient } from 'coatcheck/browser'
import { SessionProvider } from 'coatcheck/react'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { LanguageProvider } from './language.tsx'
import './style.css'

const client = createClient()

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <SessionProvider client={client}>
      <LanguageProvider>
        <App />
      </LanguageProvider>
    </SessionProvider>
  </StrictMode>,
)
