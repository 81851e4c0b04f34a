import { expect, it } from 'vitest'
import { isRetriable, sagaKinds } from '#shared/vocabulary/machines.ts'

it('a failed task is tried again, but for one that gave back what it held; one that waits may always be woken, one that is done never', () => {
  expect(sagaKinds.filter(kind => !isRetriable({ kind, status: 'failed' }))).toEqual(['ipv6'])
  for (const kind of sagaKinds) expect([isRetriable({ kind, status: 'waiting' }), isRetriable({ kind, status: 'done' })]).toEqual([true, false])
})
