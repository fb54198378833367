import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { serverPort } from './ports.ts'

/** A process under measurement, on a core of its own where the machine has two. */
export interface Measured {
  readonly pid: number
  /** Where its inspector will listen if it is asked to (SIGUSR1). */
  readonly inspectorPort: number
  /** CPU time so far, ms. */
  cpuMs(): number
  /** Resident memory, MB. */
  rssMb(): number
  stop(): Promise<void>
}

const production = { NODE_NO_WARNINGS: '1', NODE_ENV: 'production' }
const ticksPerSecond = 100
const serverCore = 0
/** Everything else: load generator, upstream, Redis. */
const otherCore = 1

const canPin = availableParallelism() > 1 && existsSync('/usr/bin/taskset')

/** Which cores a process may use. */
export type Role = 'server' | 'other' | 'both cores'

/** `taskset` before a command, so that a server has one core and the rest of the bench another. */
export function pinned(command: readonly string[], role: Role): string[] {
  if (!canPin || role === 'both cores') return [...command]
  return ['taskset', '-c', String(role === 'server' ? serverCore : otherCore), ...command]
}

/** Starts a program that listens on `env.PORT`; returns when it does. */
export async function start(
  command: readonly string[],
  role: Role,
  env: Readonly<Record<string, string>>,
): Promise<Measured> {
  const [program = '', ...args] = pinned(command, role)
  const inspectorPort = serverPort()
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...production, NODE_OPTIONS: `--inspect-port=${inspectorPort}`, ...env },
  })
  await listening(child, Number(env['PORT']))
  const pid = child.pid as number
  return {
    pid,
    inspectorPort,
    cpuMs: () => sum(family(pid).map(cpuMs)),
    rssMb: () => sum(family(pid).map(rssMb)),
    async stop() {
      if (child.exitCode !== null) return
      const ended = new Promise((resolve) => child.once('exit', resolve))
      // Its children too, after it, or it would start others: Apache's go on by themselves.
      for (const one of family(pid)) process.kill(one, 'SIGKILL')
      await ended
    },
  }
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`${child.spawnargs.join(' ')} ended with ${child.exitCode}`)
    if (await accepts(port)) return
    await sleep(50)
  }
  throw new Error(`${child.spawnargs.join(' ')} does not listen on ${port}`)
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

/** A process and its children: nginx, Apache and WORKERS=2 work in those. */
function family(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return [pid, ...children.filter((child) => child !== '').map(Number)]
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function cpuMs(pid: number): number {
  // proc(5): after the command's closing parenthesis, fields 14 and 15 are user and system time.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond
}

function rssMb(pid: number): number {
  const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kb) / 1024
}

/** The path of an installed program, or undefined. */
export function installed(program: string): string | undefined {
  try {
    return execFileSync('which', [program], { encoding: 'utf8' }).trim() || undefined
  } catch {
    return undefined
  }
}
