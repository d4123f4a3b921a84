/* All that the page knows: alerts, gateways, AI systems, systems that are not registered. Everything
 * has a limit, because a broker may carry anything; what was let go is counted. */

import {
    isAlert,
    listOf,
    numberOf,
    objectOf,
    readJson,
    recordOf,
    textOf,
    tiers,
    timeOf,
} from './alert.js';

export const limits = {
    alerts: 20000,
    gateways: 500,
    systems: 2000,
    peers: 100,
    points: 500,
    did: 20,
};

export class Store {
    constructor(alertLimit = limits.alerts) {
        this.alertLimit = alertLimit;
        this.takers = new Map([
            ['state', this.takeState],
            ['stats', this.takeStats],
            ['risk', this.takeRisk],
            ['discovered', this.takeDiscovered],
            ['gap', this.takeGap],
        ]);
        this.clear();
    }

    clear() {
        this.alerts = new Map();
        this.gateways = new Map();
        this.systems = new Map();
        this.discovered = new Map();
        this.counts = {messages: 0, repeats: 0, odd: 0, letGo: 0};
        this.denied = []; /* topic filters that the broker does not grant */
        this.change = (this.change ?? 0) + 1; /* moves with everything that views may show */
    }

    /* A message below ROOT: `levels` are those of its topic from SITE on. Returns the alert's record
     * when it was a new or a changed one. */
    takeMessage(levels, raw, now) {
        const [site, name, what] = levels;
        const gateway = `${site}/${name}`;
        this.counts.messages++;
        this.change++;
        if (what === 'alert') return this.takeAlert(raw, gateway, now);
        const o = readJson(raw);
        if (o === null || !this.takers.has(what)) this.counts.odd++;
        else this.takers.get(what).call(this, gateway, o, now);
        return null;
    }

    /* `gateway` null: a line of a file, which names its own. `isOld`: this page had it before. */
    takeAlert(raw, gateway, now, isOld = false) {
        const a = readJson(raw);
        this.change++;
        this.counts.messages += gateway === null ? 1 : 0;
        if (!isAlert(a)) {
            this.counts.odd++;
            return null;
        }
        const record = recordOf(a, raw, gateway);
        this.follow(record, gateway === null ? 0 : now, isOld);
        const had = this.alerts.get(record.id);
        if (had !== undefined && had.count >= record.count && had.last >= record.last) {
            this.counts.repeats++;
            return null;
        }
        this.alerts.set(record.id, record);
        if (had === undefined) this.makeRoom();
        this.learn(record, a, had);
        return record;
    }

    /* The oldest of what came first; not what came last, however old it says it is. */
    makeRoom() {
        if (this.alerts.size <= this.alertLimit) return;
        const [id] = this.alerts.keys();
        this.alerts.delete(id);
        this.counts.letGo++;
        this.onLetGo?.(id);
    }

    gateway(key) {
        let g = this.gateways.get(key);
        if (g === undefined) {
            g = {
                key,
                state: '',
                heard: 0,
                alerts: 0,
                missed: 0,
                gaps: [],
                readable: NaN,
                boot: '',
                seq: 0,
            };
            if (this.gateways.size < limits.gateways) this.gateways.set(key, g);
        }
        return g;
    }

    /* `boot` and `seq` show what was missed since the page first heard this gateway. Alerts of before come in
     * the order in which they came then, updates left out, so that only the last of them tells. */
    follow(record, now, isOld) {
        const g = this.gateway(record.gateway);
        g.heard = now;
        if (!Number.isNaN(record.readable)) g.readable = record.readable;
        if (record.seq === 0 || (isOld && g.isLive)) return;
        g.isLive = !isOld;
        if (!isOld && record.boot === g.boot && g.seq > 0 && record.seq > g.seq + 1)
            g.missed += record.seq - g.seq - 1;
        if (record.boot !== g.boot || record.seq > g.seq)
            [g.boot, g.seq] = [record.boot, record.seq];
    }

    learn(record, a, had) {
        this.gateway(record.gateway).alerts += had === undefined ? 1 : 0;
        if (record.kind === 'ai_system') this.learnSystem(record, a, had);
        else if (record.kind === 'unregistered') this.learnStranger(record, a, had);
    }

    system(gateway, id) {
        const key = `${gateway} ${id}`;
        let s = this.systems.get(key);
        if (s === undefined) {
            s = {
                key,
                gateway,
                id,
                tier: 'none',
                risk: NaN,
                riskTime: 0,
                reasons: [],
                summary: '',
                alerts: 0,
                first: Infinity,
                last: 0,
                peers: new Map(),
                points: [],
                identity: {},
            };
            if (this.systems.size < limits.systems) this.systems.set(key, s);
        }
        return s;
    }

    learnSystem(record, a, had) {
        const s = this.system(record.gateway, record.actor);
        s.tier = record.tier;
        s.alerts += had === undefined ? 1 : 0;
        s.first = Math.min(s.first, record.first);
        s.last = Math.max(s.last, record.last);
        this.learnIdentity(s, objectOf(a.actor));
        const target = objectOf(a.target);
        const peer = textOf(target.asset) || textOf(target.ip);
        const seen = s.peers.get(peer) ?? {count: 0, last: 0};
        seen.count += record.count - (had?.count ?? 0);
        seen.last = Math.max(seen.last, record.last);
        if (peer !== '' && (s.peers.has(peer) || s.peers.size < limits.peers))
            s.peers.set(peer, seen);
        this.learnRisk(s, record.risk, record.last);
    }

    /* Where somebody else used its name, the addresses are those of that other. */
    learnIdentity(s, actor) {
        const isMismatch = actor.identity === 'mismatch' || textOf(actor.mismatch) !== '';
        const names = isMismatch
            ? ['mismatch']
            : ['identity', 'ip', 'mac', 'client_id', 'application_uri', 'user'];
        for (const name of names) s.identity[name] = textOf(actor[name]) || s.identity[name];
    }

    learnRisk(s, risk, time) {
        if (Number.isNaN(risk) || Number.isNaN(time)) return;
        if (time >= s.riskTime) [s.risk, s.riskTime] = [risk, time];
        let at = s.points.length;
        while (at > 0 && s.points[at - 1][0] > time) at--;
        if (at > 0 && s.points[at - 1][0] === time) s.points[at - 1][1] = risk;
        else s.points.splice(at, 0, [time, risk]);
        if (s.points.length > limits.points) s.points.shift();
    }

    takeRisk(gateway, o, now) {
        const id = textOf(o.ai_system);
        if (id === '') {
            this.counts.odd++;
            return;
        }
        this.gateway(gateway).heard = now;
        const s = this.system(gateway, id);
        const time = timeOf(o.ts);
        if (tiers.includes(o.tier)) s.tier = o.tier;
        s.first = Math.min(s.first, time || Infinity);
        s.last = Math.max(s.last, time || 0);
        if (time >= s.riskTime)
            [s.reasons, s.summary] = [listOf(o.reasons).map(textOf).slice(0, 8), textOf(o.summary)];
        this.learnRisk(s, numberOf(o.score, NaN), time);
    }

    stranger(gateway, id) {
        const key = `${gateway} ${id}`;
        let s = this.discovered.get(key);
        if (s === undefined) {
            s = {
                key,
                gateway,
                id,
                first: Infinity,
                last: 0,
                count: 0,
                did: new Set(),
                alerts: 0,
                worst: 0,
                identity: {
                    ip: new Set(),
                    mac: new Set(),
                    client_id: new Set(),
                    application_uri: new Set(),
                    user: new Set(),
                },
            };
            if (this.discovered.size < limits.systems) this.discovered.set(key, s);
        }
        return s;
    }

    learnStranger(record, a, had) {
        const s = this.stranger(record.gateway, record.actor);
        s.alerts += had === undefined ? 1 : 0;
        s.first = Math.min(s.first, record.first);
        s.last = Math.max(s.last, record.last);
        s.worst = Math.max(s.worst, record.severity);
        for (const [key, set] of Object.entries(s.identity)) {
            const value = textOf(objectOf(a.actor)[key]);
            if (value !== '' && set.size < limits.did) set.add(value);
        }
        if (s.did.size < limits.did) s.did.add(record.summary);
    }

    takeDiscovered(gateway, o, now) {
        this.gateway(gateway).heard = now;
        if (!isAlert(objectOf(o.alert))) {
            this.counts.odd++;
            return;
        }
        const record = recordOf(o.alert, '', gateway);
        /* The alert itself comes, or came, on its own topic; here it tells who was seen. */
        this.learnStranger(record, o.alert, this.alerts.get(record.id) ?? record);
    }

    takeState(gateway, o, now) {
        const g = this.gateway(gateway);
        const state = o.state === 'online' ? 'online' : 'offline';
        if (g.state !== state) [g.state, g.since] = [state, now];
        g.heard = now;
        g.version = textOf(o.version);
        g.session = textOf(o.boot);
        g.ruleset = textOf(o.ruleset);
        g.inventory = textOf(o.inventory);
        g.rules = numberOf(o.rules);
        this.takeDrops(g, o);
    }

    takeDrops(g, o) {
        g.received = numberOf(o.received);
        g.dropped = numberOf(o.dropped);
        g.droppedPercent = numberOf(
            o.dropped_percent,
            g.received > 0 ? (100 * g.dropped) / g.received : 0,
        );
    }

    takeStats(gateway, o, now) {
        const g = this.gateway(gateway);
        g.heard = now;
        g.statsAt = now;
        this.takeDrops(g, o);
        g.stats = {};
        for (const key of [
            'actions',
            'encrypted',
            'alerts',
            'updates',
            'published',
            'spooled',
            'reconnects',
        ])
            g.stats[key] = numberOf(o[key]);
    }

    takeGap(gateway, o, now) {
        const g = this.gateway(gateway);
        g.heard = now;
        g.gaps.push(JSON.stringify(o).slice(0, 400));
        g.gaps = g.gaps.slice(-limits.did);
    }
}
