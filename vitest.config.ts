import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { SlowFilesFirst } from './tests/support/slow-files-first.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const alias = { '#shared': here('./shared'), '#server': here('./server'), '#db': here('./db'), '#i18n': here('./i18n/locales'), '~~': here('.') }
const project = (name: string, extra: object = {}) => ({ resolve: { alias }, test: { name, environment: 'node', include: [`tests/${name}/**/*.test.ts`], ...extra } })

export default defineConfig({
  test: {
    // Tests mostly wait for a database or a page: one worker per core, not one less.
    maxWorkers: '100%',
    sequence: { sequencer: SlowFilesFirst },
    projects: [
      // Nothing is timed: a busy machine may take long over what is quick. Files share a worker's modules (no vi.mock: what is outside is
      // handed in), because loading the whole application anew for each file took a fifth of the time.
      project('unit', { isolate: false, testTimeout: 60_000 }),
      project('integration', { isolate: false, globalSetup: 'tests/support/prepared-databases.ts', testTimeout: 60_000, hookTimeout: 60_000 }),
      project('contract', { isolate: false, testTimeout: 60_000, hookTimeout: 60_000 }),
      // Two demos at a time, never more: each is a server, its simulators and a browser.
      project('e2e', { testTimeout: 180_000, hookTimeout: 240_000, maxWorkers: 2 }),
    ],
  },
})
