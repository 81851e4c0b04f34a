import { sql } from 'drizzle-orm'
import { sagaKinds } from '#shared/vocabulary/machines.ts'
import type { SagaKind } from '#shared/vocabulary/machines.ts'

/** Whose failure stands on the machine itself, as its state: it is counted there. */
const toldByTheMachine: readonly SagaKind[] = ['provision', 'suspend', 'resume', 'terminate', 'resize']
/** The kinds of tasks whose failure stands nowhere else, as a list for `in (…)`. */
export const failingAlone = sql.join(sagaKinds.filter(kind => !toldByTheMachine.includes(kind)).map(kind => sql`${kind}`), sql`, `)
