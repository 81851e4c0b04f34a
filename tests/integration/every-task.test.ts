import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors/codes.ts'
import { machineCapabilities, sagaKinds } from '#shared/vocabulary/machines.ts'
import { accountSagaDefinitions } from '#server/provisioning/definitions.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { proxmoxGround, vsphereGround } from '../support/grounds.ts'
import { expectDone, machineTasks, taskFits } from '../support/tasks.ts'
import type { Ground, Subject } from '../support/tasks.ts'
import { plantTroubles, stepsOf, trials } from '../support/troubles.ts'

const [first = 'embedded'] = databaseKinds()
const last = databaseKinds().at(-1) ?? first
/** Each peer on one database, so that together they meet both: what keeps the books is the same, whoever is spoken to. */
const grounds: readonly (readonly [peer: string, database: typeof first, open: (test: TestApp) => Promise<Ground>])[] = [
  ['Proxmox', last, test => proxmoxGround(test, 'vm')], ['containers on Proxmox', first, test => proxmoxGround(test, 'container')],
  // Where VMware's simulator was not built it is left out; with CI=true nothing is.
  ...process.env.GARDU_TEST_VCSIM || process.env.CI === 'true' ? [['vCenter', last, (test: TestApp) => vsphereGround(test, 'vcenter')], ['ESXi', first, (test: TestApp) => vsphereGround(test, 'esxi')]] as const : [],
]

it('the table of tasks and peers in tests/README.md says of every kind of task where it is tried, and where the hypervisor cannot', () => {
  const columns = [machineCapabilities('proxmox'), machineCapabilities('proxmox', 'container'), machineCapabilities('vcenter'), machineCapabilities('esxi')]
  const rows = sagaKinds.map((kind) => {
    const tasks = machineTasks.filter(task => task.kind === kind)
    const machines = columns.map(can => can && tasks.some(task => taskFits(task, can)) ? 'all four' : tasks.length > 0 ? 'refused' : 'untried')
    return `| ${kind} | ${[...machines, kind in accountSagaDefinitions ? 'all four' : 'no such task'].join(' | ')} |`
  })
  expect(rows.filter(row => row.includes('untried'))).toEqual([])
  const written = readFileSync('tests/README.md', 'utf8').split('\n')
  const table = written.slice(written.indexOf('| task | Proxmox | container | vCenter | ESXi | WHM |') + 2)
  expect(table.slice(0, rows.length)).toEqual(rows)
})

describe.each(grounds)('every task, over %s, on %s', (_, database, open) => {
  let test: TestApp
  let ground: Ground
  let subject: Subject
  beforeAll(async () => {
    test = await startTestApp({ kind: database, workers: false })
  })
  afterAll(() => test.close())
  afterEach(() => ground.close())

  it.each(trials)('%s of every task, in one life: each ends as if nothing had happened, one machine in all, nobody else\'s touched, and the history tells it', async (trial) => {
    ground = await open(test)
    subject = { serviceId: '', clientId: '', vmid: 0 }
    const stranger = await ground.stranger()
    const troubles = plantTroubles(trial)
    try {
      for (const task of machineTasks) {
        if (!taskFits(task, ground.can)) {
          await expect(task.begin(ground, subject), task.what).rejects.toBeInstanceOf(AppError)
          continue
        }
        const creates = ground.creates()
        await task.begin(ground, subject)
        await troubles.carryOut(ground.world, subject.serviceId, task.anew ? () => task.begin(ground, subject) : null)
        await expectDone(ground, subject, task, creates)
      }
    } finally {
      troubles.stop()
    }
    const wanted = new Set(machineTasks.filter(task => taskFits(task, ground.can)).map(task => task.kind as string))
    expect([...troubles.hits].sort()).toEqual(stepsOf('vps').filter(step => wanted.has(step.split(' ')[0] ?? '')).sort())
    expect(await ground.stranger()).toBe(stranger)
  }, 120_000)
})
