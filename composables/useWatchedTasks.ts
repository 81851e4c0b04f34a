import { showAdminService } from '#shared/contracts/admin.ts'
import type { SagaStatus } from '#shared/vocabulary/machines.ts'

/** A task that somebody began from a list, as last seen. `step`: which of so many it stands at. */
export interface WatchedTask { readonly serviceId: string, readonly hostname: string, readonly taskId: string, readonly status: SagaStatus, readonly step: number, readonly steps: number, readonly reason: string | null }

/** Watches tasks that were begun from a list until they end: their rows may leave the list meanwhile. `watch` takes what the act answered. */
export function useWatchedTasks() {
  const api = useApi()
  const tasks = ref<WatchedTask[]>([])
  const goesOn = (task: WatchedTask) => task.status === 'running' || task.status === 'waiting'
  function read({ id, hostname, sagas }: ApiResult<typeof showAdminService>, taskId?: string): WatchedTask | null {
    const task = taskId === undefined ? sagas[0] : sagas.find(each => each.id === taskId)
    return task ? { serviceId: id, hostname, taskId: task.id, status: task.status, step: Math.min(task.steps.length, task.steps.filter(step => step.status === 'done' || step.status === 'skipped').length + 1), steps: task.steps.length, reason: task.reason } : null
  }
  function watch(service: ApiResult<typeof showAdminService>) {
    const task = read(service)
    if (task) tasks.value = [task, ...tasks.value.filter(({ serviceId }) => serviceId !== task.serviceId)]
  }
  async function look() {
    for (const before of tasks.value.filter(goesOn)) {
      const now = await api(showAdminService, { params: { id: before.serviceId } }).then(service => read(service, before.taskId), () => null)
      if (now) tasks.value = tasks.value.map(task => task.taskId === now.taskId ? now : task)
    }
  }
  useLiveRefresh(['service'], look, id => tasks.value.some(task => task.serviceId === id && goesOn(task)))
  const dismiss = (taskId: string) => void (tasks.value = tasks.value.filter(task => task.taskId !== taskId))
  return { tasks: readonly(tasks), watch, dismiss }
}
