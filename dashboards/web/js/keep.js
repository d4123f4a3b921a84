/* Alerts over a reload of the page, in the browser's IndexedDB: the broker does not keep them. Each
 * source has its own; they are shown only after the broker has let the user in. Where there is no
 * storage nothing is kept. */

const writeEvery = 1000; /* ms */
const table = 'alerts'; /* [source, id] -> {gateway, raw, heard, at} */

const done = (request) =>
    new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });

export class Keep {
    constructor() {
        this.source = null;
        this.waiting = new Map(); /* id -> entry, or null to delete */
    }

    database() {
        if (this.opened === undefined) {
            const request = indexedDB.open('tierwatch', 1);
            request.onupgradeneeded = () => request.result.createObjectStore(table);
            this.opened = done(request);
        }
        return this.opened;
    }

    async act(mode, what) {
        try {
            const store = (await this.database()).transaction(table, mode).objectStore(table);
            return await what(store);
        } catch {
            return undefined; /* refused or full: the page goes on without */
        }
    }

    /* From here on alerts of `source` are kept. Gives those of before, in the order in which they came. */
    async begin(source) {
        this.source = source;
        this.at = Date.now() * 1000; /* larger than in any session before, and counted up */
        const all = IDBKeyRange.bound([source], [source, []]);
        const entries = (await this.act('readonly', (store) => done(store.getAll(all)))) ?? [];
        return entries.sort((a, b) => a.at - b.at);
    }

    end() {
        this.write();
        this.source = null;
    }

    put(id, gateway, raw) {
        if (this.source !== null) this.later(id, {gateway, raw, heard: Date.now(), at: this.at++});
    }

    remove(id) {
        if (this.source !== null) this.later(id, null);
    }

    later(id, entry) {
        this.waiting.set(id, entry);
        this.timer ??= setTimeout(() => this.write(), writeEvery);
    }

    write() {
        clearTimeout(this.timer);
        this.timer = undefined;
        const {source, waiting} = this;
        this.waiting = new Map();
        if (source === null || waiting.size === 0) return;
        this.act('readwrite', (store) => {
            for (const [id, entry] of waiting)
                entry === null ? store.delete([source, id]) : store.put(entry, [source, id]);
        });
    }

    async forget() {
        this.waiting.clear();
        await this.act('readwrite', (store) => done(store.clear()));
    }
}
