export default async function stopServices(): Promise<void> {
  const services = globalThis.coatcheckTestServices
  await Promise.all([services?.redis.stop(), services?.postgres.stop()])
}
