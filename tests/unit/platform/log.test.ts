import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createLogger } from '#server/platform/log.ts'

describe('logs', () => {
  it.each([
    { password: 'hunter2' }, { body: { password: 'hunter2' } }, { request: { headers: { authorization: 'hunter2' } } }, { connection: { tokenSecret: 'hunter2' } }, { headers: { 'x-callback-token': 'hunter2' } }, { cookie: 'hunter2' },
  ])('never carry a secret: %j', (fields) => {
    let line = ''
    createLogger('info', new Writable({
      write(chunk, _, done) {
        line += chunk
        done()
      },
    })).info(fields, 'said')
    expect(line).toContain('said')
    expect(line).not.toContain('hunter2')
  })
})
