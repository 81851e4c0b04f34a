import { firewallDifference } from '../infrastructure/ports.ts'
import { back, done } from './saga.ts'
import { driverOf, filterDifference, inspectMachine, machineOf, minute, setFilter } from './step.ts'
import type { SagaDefinition, StepContext } from './step.ts'

/** Rules have an effect only behind the filter, so both are seen to be there. */
async function verify(context: StepContext) {
  const driver = await driverOf(context)
  const open = filterDifference(context.facts, await inspectMachine(context))
  if (open) return back('write_rules', open)
  const { firewall } = context.facts
  const wrong = firewall && firewallDifference(firewall, await driver.readFirewall(machineOf(context.facts).machine))
  return wrong ? back('write_rules', wrong) : done()
}

/** Makes the firewall rules of a machine what the books wish, whatever stood there of ours, and reads them back. A later wish meanwhile is what is written. */
export const firewallSaga: SagaDefinition = {
  kind: 'firewall',
  maxAttempts: 5,
  failureIsError: false,
  // What is written before every start covers what a suspension cuts off here.
  cancelWhen: facts => facts.status === 'active' || facts.status === 'past_due' ? null : `the service is ${facts.status}`,
  steps: [
    { name: 'write_rules', patienceSeconds: 10 * minute, run: async (context) => {
      await setFilter(context)
      return done()
    }, undo: { none: 'written again as a whole by the next run' } },
    { name: 'verify', patienceSeconds: 2 * minute, run: verify, undo: { none: 'only looks' } },
  ],
}
