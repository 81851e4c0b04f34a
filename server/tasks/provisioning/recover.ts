import { useApp } from '#server/platform/app.ts'

export default defineTask({
  meta: { name: 'provisioning:recover', description: 'Enqueue a look for sagas that are due or whose worker was lost' },
  async run() {
    await useApp().provisioning.requestRecovery('schedule')
    return { result: 'requested' }
  },
})
