// What every program of the plant shares: it takes orders from the conductor over the IPC channel
// (never over the network, which carries plant traffic only) and tells it what it did.
import process from "node:process";

export const self = process.env.LAB_HOST;

/** Notes an action as this program's own stack saw it. */
export function truth(entry) {
  process.send({ truth: { t: Date.now() / 1000, host: self, ...entry } });
}

/** Serves the conductor's orders; `handlers` maps a name to an async function. */
export function serve(handlers) {
  process.on("message", async ({ id, name, args }) => {
    try {
      process.send({ id, result: await handlers[name](...args) });
    } catch (error) {
      process.send({ id, error: `${self}.${name}: ${error.stack}` });
    }
  });
  process.on("disconnect", () => process.exit(0));
  process.send({ ready: true });
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Calls `tick` every `ms` until the returned function is called; a tick is never started twice at once. */
export function every(ms, tick) {
  let busy = false;
  const timer = setInterval(async () => {
    if (busy) return;
    busy = true;
    try {
      await tick();
    } catch (error) {
      console.error(`${self}: ${error.message}`);
    }
    busy = false;
  }, ms);
  return () => clearInterval(timer);
}

/** A value around `centre`, rounded as an instrument would. */
export function noisy(centre, spread, digits = 3) {
  return Number((centre + (Math.random() - 0.5) * 2 * spread).toFixed(digits));
}
