/* An alert as it is on the wire, and what the page keeps of it. The message stays the text that it
 * was: ten thousand parsed ones would be most of the page's memory. */

export const severities = ['info', 'low', 'medium', 'high', 'critical'];
export const tiers = ['T0', 'T1', 'T2', 'T3', 'T4', 'none'];
export const longestMessage = 256 * 1024;

const isObject = (v) => typeof v === 'object' && v !== null && !Array.isArray(v);
export const textOf = (v) => (typeof v === 'string' ? v : '');
export const numberOf = (v, otherwise = 0) => (Number.isFinite(v) ? v : otherwise);
export const objectOf = (v) => (isObject(v) ? v : {});
export const listOf = (v) => (Array.isArray(v) ? v : []);

/* Milliseconds, or NaN. Dates take three fractional digits, alerts have six or nine. */
export const timeOf = (v) => Date.parse(textOf(v));

/* The object of `raw`, or null: whatever somebody sent, it must not stop the page. */
export function readJson(raw) {
    if (raw.length > longestMessage) return null;
    try {
        const value = JSON.parse(raw);
        return isObject(value) ? value : null;
    } catch {
        return null;
    }
}

/* Names come back in thousands of alerts; each is kept once. */
const known = new Map();
function once(text) {
    const had = known.get(text);
    if (had !== undefined) return had;
    if (known.size < 20000) known.set(text, text);
    return text;
}

export function actorOf(actor) {
    return (
        textOf(actor.id) ||
        textOf(actor.ip) ||
        textOf(actor.mac) ||
        textOf(actor.client_id) ||
        'unknown'
    );
}

function targetOf(target) {
    const where = textOf(target.asset) || textOf(target.ip);
    const what = textOf(target.variable) || textOf(target.object);
    return where && what ? `${where} ${what}` : where || what;
}

export function isAlert(a) {
    return (
        a !== null &&
        a.schema === 'tierwatch.alert/1' &&
        textOf(a.id) !== '' &&
        a.id.length <= 64 &&
        severities.includes(a.severity) &&
        isObject(a.rule) &&
        isObject(a.actor) &&
        !Number.isNaN(timeOf(a.ts))
    );
}

/* What the page keeps of the alert `a`, which was read from `raw`. `gateway` is SITE/GATEWAY of the
 * topic, which the broker's access list stands for; null: what the alert itself says. */
export function recordOf(a, raw, gateway) {
    const first = timeOf(a.first_ts) || timeOf(a.ts);
    const named = `${textOf(a.site)}/${textOf(a.gateway)}`;
    return {
        id: a.id,
        gateway: once(gateway ?? named),
        first,
        last: timeOf(a.last_ts) || first,
        severity: severities.indexOf(a.severity),
        score: numberOf(a.score),
        tier: tiers.includes(a.tier) ? a.tier : 'none',
        rule: once(textOf(a.rule.id)),
        name: once(textOf(a.rule.name)),
        actor: once(actorOf(a.actor)),
        kind: once(textOf(a.actor.kind)),
        target: once(targetOf(objectOf(a.target))),
        summary: textOf(a.summary),
        count: Math.max(1, numberOf(a.count, 1)),
        risk: numberOf(a.risk, NaN),
        readable: numberOf(objectOf(a.coverage).readable, NaN),
        boot: once(textOf(a.boot)),
        seq: numberOf(a.seq, 0),
        raw,
    };
}

/* Half up; the nudge undoes what binary fractions do to figures that are exact in decimal. */
const rounded = (v) => Math.floor(v + 0.5 + 1e-9);

/* How each element of `why` moved the score, in order: {kind, name, detail, factor, from, to}. The
 * first starts at 0, each next where the one before ended, so that the differences add up to the
 * score. */
export function scoreSteps(why) {
    const steps = [];
    let odds = 0,
        score = 0;
    for (const part of listOf(why).map(objectOf)) {
        const from = score;
        let step = null;
        if ('p' in part) {
            const p = Math.min(Math.max(numberOf(part.p), 0), 0.999999);
            odds = p / (1 - p);
            step = {kind: 'evidence', name: textOf(part.rule), detail: part};
        } else if ('factor' in part) {
            odds *= Math.max(numberOf(part.factor, 1), 0);
            const kind = ['tier', 'asset', 'context'].find((k) => k in part) ?? 'context';
            step = {kind, name: textOf(part[kind]), detail: part, factor: numberOf(part.factor, 1)};
        } else if ('floor' in part) {
            step = {kind: 'floor', name: '', detail: part};
        }
        if (step === null) continue;
        score =
            step.kind === 'floor'
                ? Math.max(score, numberOf(part.floor))
                : (100 * odds) / (1 + odds);
        steps.push({...step, from, to: score});
    }
    return {steps, score: rounded(score)};
}
