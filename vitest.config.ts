import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const alias = { '#shared': here('./shared'), '#server': here('./server'), '#db': here('./db'), '#i18n': here('./i18n/locales'), '~~': here('.') }
const project = (name: string, extra: object = {}) => ({ resolve: { alias }, test: { name, environment: 'node', include: [`tests/${name}/**/*.test.ts`], ...extra } })

export default defineConfig({
  test: {
    // Tests mostly wait for a database or a page: one worker per core, not one less.
    maxWorkers: '100%',
    projects: [
      // Nothing is timed: a busy machine may take long over what is quick.
      project('unit', { testTimeout: 60_000 }),
      project('integration', { globalSetup: 'tests/support/prepared-databases.ts', testTimeout: 60_000, hookTimeout: 60_000 }),
      project('contract', { testTimeout: 60_000, hookTimeout: 60_000 }),
      project('e2e', { testTimeout: 180_000, hookTimeout: 240_000, fileParallelism: false }),
    ],
  },
})
