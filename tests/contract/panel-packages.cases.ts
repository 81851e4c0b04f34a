import { expect, it } from 'vitest'
import type { DriverError } from '#shared/errors/driver-error.ts'
import type { PanelBench } from './panel.bench.ts'

/** Making packages (`server/infrastructure/panel-packages-ports.ts`). */
export function packageCases(bench: () => PanelBench, failureOf: (work: Promise<unknown>) => Promise<DriverError>) {
  const limits = { diskMiB: 5120, bandwidthMiB: null, maxAddonDomains: 3, maxMailboxes: 25, maxDatabases: 0 }
  const named = async (name: string) => (await bench().driver.listPackages()).find(each => each.name.endsWith(name))

  it('one is there as asked for, under the name that the panel gave it', async () => {
    const made = await bench().driver.createPackage({ name: 'baru', ...limits })
    expect(made).toMatchObject(limits)
    expect(await named('baru')).toEqual(made)
  })
  it('an answer lost after the act is looked into: it is answered as made, once', async () => {
    bench().loseAnswer('create_package')
    expect(await bench().driver.createPackage({ name: 'baru', ...limits })).toMatchObject(limits)
    expect((await bench().driver.listPackages()).filter(each => each.name.endsWith('baru'))).toHaveLength(1)
  })
  it('one that is there already is not touched, whatever it holds', async () => {
    const before = await bench().driver.listPackages()
    const failure = await failureOf(bench().driver.createPackage({ name: bench().packages[0], ...limits }))
    expect([failure.kind, failure.about]).toEqual(['permanent', 'name_taken'])
    expect(await bench().driver.listPackages()).toEqual(before)
  })
  it('a panel that says it made one and made none is not believed', async () => {
    bench().lieAbout('create_package')
    expect((await failureOf(bench().driver.createPackage({ name: 'baru', ...limits }))).kind).toBe('retryable')
  })
  it('other limits, once; one that somebody changed at the panel meanwhile is left as it is', async () => {
    const made = await bench().driver.createPackage({ name: 'baru', ...limits })
    const wish = { ...limits, diskMiB: 10_240, maxMailboxes: null }
    const changed = await bench().driver.changeLimits(made, wish)
    expect(changed).toEqual({ ...wish, name: made.name })
    const sent = bench().writes()
    expect(await bench().driver.changeLimits(made, wish)).toEqual(changed)
    expect(bench().writes()).toBe(sent)
    const failure = await failureOf(bench().driver.changeLimits(made, { ...limits, diskMiB: 20_480 }))
    expect([failure.kind, failure.about]).toEqual(['permanent', 'changed_elsewhere'])
    expect(await named('baru')).toEqual(changed)
  })
  it('one that is gone is told as gone', async () => {
    expect((await failureOf(bench().driver.changeLimits({ name: 'tiada', ...limits }, limits))).kind).toBe('not_found')
  })
}
