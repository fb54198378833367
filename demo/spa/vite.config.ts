import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const browser = join(import.meta.dirname, '../../src/browser')

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  logLevel: 'warn',
  // In this repository the published client is its own source.
  resolve: {
    alias: { 'coatcheck/browser': `${browser}/client.ts`, 'coatcheck/react': `${browser}/react.ts` },
  },
  // The page's policy allows no inline content.
  build: { outDir: 'dist', emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
})
