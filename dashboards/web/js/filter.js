/* Which alerts the inbox shows, and in which order. */

export function everything() {
    return {
        text: '',
        severities: new Set(),
        tiers: new Set(),
        show: 'open',
        sort: 'last',
        from: NaN,
        to: NaN,
    };
}

export function isNarrowed(f) {
    return (
        f.text !== '' ||
        f.severities.size > 0 ||
        f.tiers.size > 0 ||
        !Number.isNaN(f.from) ||
        !Number.isNaN(f.to)
    );
}

/* Every word must be somewhere in what a row shows, or in the gateway's name. */
function hasWords(record, note, words) {
    const hay =
        `${record.summary}\n${note}\n${record.rule}\n${record.name}\n${record.actor}\n${record.target}\n${
            record.gateway
        }\n${record.id}`.toLowerCase();
    return words.every((word) => hay.includes(word));
}

const orders = {
    last: (a, b) => b.last - a.last || b.score - a.score,
    score: (a, b) => b.severity - a.severity || b.score - a.score || b.last - a.last,
    count: (a, b) => b.count - a.count || b.last - a.last,
};

/* `noteOf(id)`: {ack, note}, what was said of an alert here. An empty set of severities or tiers lets all pass. */
export function select(alerts, f, noteOf) {
    const words = f.text.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = [];
    for (const record of alerts) {
        const {ack, note} = noteOf(record.id);
        if (
            (f.show !== 'all' && ack > 0 !== (f.show === 'done')) ||
            (f.severities.size > 0 && !f.severities.has(record.severity)) ||
            (f.tiers.size > 0 && !f.tiers.has(record.tier)) ||
            record.last < f.from ||
            record.first > f.to
        )
            continue;
        if (words.length === 0 || hasWords(record, note, words)) chosen.push(record);
    }
    return chosen.sort(orders[f.sort] ?? orders.last);
}
