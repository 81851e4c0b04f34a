import { BaseSequencer } from 'vitest/node'
import type { TestSpecification } from 'vitest/node'

/** Short files that take a minute and more: the size of a file, by which a clean clone orders them, says nothing of these. Longest first. */
const slow = ['every-task', 'simulated-business', 'hosting-crash', 'billing-calendar', 'sagas-crash', 'reinstall', 'kill-nine']

/** Begins with the files that take longest, so that at the end no core waits for the other. */
export class SlowFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const found = slow.findIndex(name => moduleId.endsWith(`/${name}.test.ts`))
      return found < 0 ? slow.length : found
    }
    // Projects stay together, as vitest runs them.
    return [...Map.groupBy(await super.sort(files), ({ project }) => project).values()].flatMap(own => own.toSorted((a, b) => rank(a) - rank(b)))
  }
}
