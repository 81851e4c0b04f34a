import { DriverError } from '#shared/errors/driver-error.ts'
import type { MachineFacts } from './ports.ts'
import { back, done, wait } from './saga.ts'
import { driverOf, filterAddress, filterDifference, inspectMachine, machineOf, minute } from './step.ts'
import type { SagaDefinition } from './step.ts'

const given = ({ address }: MachineFacts) => {
  if (!address?.ipv6) throw new DriverError('permanent', 'the service holds no IPv6 any more: it has to be given anew')
  return { ipv6: address.ipv6, nameservers: address.nameservers }
}

/** IPv6 for a machine that is there: let through first, then told to its guest, which takes it on at its next start. The machine is not restarted. */
export const ipv6Saga: SagaDefinition = {
  kind: 'ipv6',
  maxAttempts: 5,
  failureIsError: false,
  cancelWhen: facts => facts.status === 'active' || facts.status === 'past_due' ? null : `the service is ${facts.status}`,
  // It may have passed the filter already, so it rests like everything that a machine had.
  onFailed: (stores, { serviceId }) => stores.addresses.dropReservedIpv6(serviceId),
  steps: [
    { name: 'filter', patienceSeconds: minute, run: async (context) => {
      const wanted = given(context.facts)
      const { ipv6 } = await inspectMachine(context)
      // Left by a try that did not end well. What stands on a container's card passes its filter, so it would never read back as wished.
      if (ipv6 !== null && ipv6 !== wanted.ipv6.address) await (await driverOf(context)).giveIpv6(machineOf(context.facts).machine, wanted)
      return filterAddress(context)
    }, undo: { none: 'set again as a whole by the next run' } },
    { name: 'tell_guest', patienceSeconds: minute, run: async (context) => {
      await (await driverOf(context)).giveIpv6(machineOf(context.facts).machine, given(context.facts))
      return done('next_start')
    }, undo: { none: 'written again by the next run' } },
    { name: 'verify', patienceSeconds: minute, run: async (context) => {
      const { facts } = context
      const seen = await inspectMachine(context)
      if (seen.lock) return wait(context.pollSeconds(), 'locked')
      const { ipv6 } = given(facts)
      if (seen.ipv6 !== ipv6.address) return back('tell_guest', `IPv6 address ${seen.ipv6 ?? 'none'} instead of ${ipv6.address}`)
      const open = (await driverOf(context)).capabilities.addressFilter ? filterDifference(facts, seen) : null
      if (open) return back('filter', open)
      await context.write(stores => stores.addresses.markAssigned(facts.serviceId))
      return done()
    }, undo: { none: 'the last step: nothing goes back over it' } },
  ],
}
