import { taskName } from '#shared/vocabulary/machines.ts'

/** What a task is called to people. */
export function useSagaName() {
  const { t } = useI18n()
  return (task: Parameters<typeof taskName>[0]): string => t(`portal.saga.${taskName(task)}`)
}
