// The server programs as child processes: started on free ports, watched, and ended together.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { freePorts } from './network.mjs';

const PATIENCE_MS = 30_000;
const POLL_MS = 25;
const ATTEMPTS = 5;
// Where it is there, the kernel ends a program with us, even when nobody could tell us to stop.
const TIED = (process.env.PATH ?? '').split(path.delimiter)
  .map((folder) => path.join(folder, 'setpriv')).filter((file) => fs.existsSync(file)).slice(0, 1);

export class Programs {
  #bin;
  #out;
  #ended;
  #children = new Set();
  #stopping = false;

  /** `ended` is called with a message when a program that was up ends by itself. */
  constructor(bin, out, ended) {
    [this.#bin, this.#out, this.#ended] = [bin, out, ended];
  }

  /**
   * Starts a program on free ports and waits until it answers; returns the ports.
   *
   * Between the moment a port was found free and the moment the program opens it, somebody else may take it. Then the
   * program is started again on others.
   */
  async start(name, { ports, words, answers }) {
    for (let attempt = 1; ; attempt += 1) {
      const free = await freePorts(ports);
      const log = path.join(this.#out, 'logs', `${name}.log`);
      const from = fs.existsSync(log) ? fs.statSync(log).size : 0;
      const child = this.#spawn(name, words(...free), log);
      if (await this.#isUp(name, child, () => answers(...free))) {
        child.on('exit', () => { if (!this.#stopping) this.#ended(`${name} ended by itself: see ${log}`); });
        return free;
      }
      const said = fs.readFileSync(log, 'utf8').slice(from);
      if (attempt === ATTEMPTS || !/address already in use/i.test(said)) {
        throw new Error(`${name} does not start:\n${said.slice(-2000)}`);
      }
    }
  }

  #spawn(name, words, log) {
    if (this.#stopping) throw new Error(`${name} is not started any more`);
    const output = fs.openSync(log, 'a');
    const line = [path.join(this.#bin, name), ...words.map(String)];
    if (TIED.length) line.unshift(TIED[0], '--pdeathsig', 'KILL', '--');
    const child = spawn(line[0], line.slice(1), {
      cwd: this.#out,
      env: { PATH: process.env.PATH, HOME: this.#out },
      stdio: ['ignore', output, output],
    });
    fs.closeSync(output);
    this.#children.add(child);
    child.on('exit', () => this.#children.delete(child));
    child.on('error', () => this.#children.delete(child));
    return child;
  }

  async #isUp(name, child, answers) {
    const end = Date.now() + PATIENCE_MS;
    while (this.#children.has(child)) {
      if (await answers().catch(() => false)) return true;
      if (Date.now() > end) throw new Error(`${name} does not answer after ${PATIENCE_MS} ms`);
      await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
    }
    return false;
  }

  /** Ends every program. They keep nothing that is worth a farewell. */
  async stop() {
    this.#stopping = true;
    await Promise.all([...this.#children].map(async (child) => {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }));
  }
}
