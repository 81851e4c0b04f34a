import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const sources = globSync(['db/repositories/*.ts', 'server/**/*.ts', 'scripts/*.ts']).filter(path => path !== 'db/repositories/billing.ts')
const statusWrite = /update\((services|invoices|orders)\)\s*\.set\(\{[^}]*\bstatus\b|update (services|invoices|orders) set[^;`]*\bstatus\b/

describe('the states that billing keeps', () => {
  it('have one writer: no other source updates the status of services, invoices or orders', () => {
    expect(sources.length).toBeGreaterThan(20)
    expect(sources.filter(path => statusWrite.test(readFileSync(path, 'utf8')))).toEqual([])
    expect(statusWrite.test('db.update(services).set({ hostname, status: \'active\' })')).toBe(true)
  })

  it('are read by the calendar through one pure plan: nobody else decides to suspend or terminate for nonpayment', () => {
    const deciding = globSync('server/**/*.ts').filter(path => /reason: 'nonpayment'/.test(readFileSync(path, 'utf8')))
    expect(deciding).toEqual(['server/billing/execute-action.ts'])
  })
})
