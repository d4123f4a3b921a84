/* Whatever comes over the wire is text: no markup, nothing fetched, nothing that hides. */

import {execFileSync} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {Broker, Gateway, is, logIn, ok, openPage, run, sleep, until, work} from './lib.mjs';

const markup = '<img src=x onerror="window.hacked=1">';
const nasty = `${markup}\u001b[31m\u202egnp\u2066\u200b\u{e0041}\u0000'";--></script><script>hacked=1</script>${'w'.repeat(300)}`;
const views = ['inbox', 'systems', 'discovered', 'gateways', 'time'];

async function send(gateway) {
    const parts = {
        summary: nasty,
        advice: nasty,
        observed: {[nasty]: nasty},
        expected: {[nasty]: [nasty], __proto__: 1},
        tags: [nasty, {}, 7],
        rule: {id: nasty, name: nasty, rev: nasty},
        family: nasty,
        site: nasty,
        gateway: nasty,
        tlp: nasty,
        boot: nasty,
        ruleset: nasty,
        inventory: nasty,
        engine: nasty,
        ndpi: nasty,
        coverage: {readable: nasty},
        target: {asset: nasty, ip: nasty, object: nasty, field: nasty, variable: nasty},
        evidence: {
            capture: nasty,
            sha256: nasty,
            packets: [1, nasty, null],
            flow: nasty,
            tuple: nasty,
        },
        why: [
            {rule: nasty, p: nasty, evidence: nasty},
            {tier: nasty, factor: nasty, because: nasty},
            {floor: nasty},
            nasty,
            null,
        ],
    };
    const actor = {
        ip: nasty,
        mac: nasty,
        client_id: nasty,
        application_uri: nasty,
        user: nasty,
        identity: nasty,
        mismatch: nasty,
    };
    for (const kind of ['ai_system', 'unregistered', 'asset'])
        await gateway.sendAlert({
            ...parts,
            id: `${kind} ${markup}`.slice(0, 64),
            actor: {...actor, id: kind === 'ai_system' ? nasty : null, kind},
        });
    const messages = {
        state: {
            state: nasty,
            version: nasty,
            boot: nasty,
            ruleset: nasty,
            inventory: nasty,
            received: nasty,
        },
        stats: {received: {}, actions: nasty},
        'risk/x': {
            ai_system: nasty,
            ts: new Date().toISOString(),
            score: 50,
            tier: nasty,
            reasons: [nasty, {}],
            summary: nasty,
        },
        'discovered/x': {
            id: nasty,
            alert: {...gateway.alert(parts), actor: {...actor, kind: 'unregistered'}},
        },
        gap: {boot: nasty, from: nasty},
    };
    for (const [topic, payload] of Object.entries(messages))
        await gateway.publish(topic, payload, {retain: topic !== 'gap'});
    for (const odd of ['', '{', '[]', '"x"', '{"schema":"tierwatch.alert/1"}', 'x'.repeat(300000)])
        await gateway.publish('alert/high/T2/CMD-01', odd);
    await gateway.publish('nonsense', '{}');
}

/* What a reader can not see and what turns text around is nowhere in the page's text. */
function look() {
    const text = document.body.textContent;
    return {
        hacked: window.hacked,
        images: document.querySelectorAll('img, iframe, object, embed, body script:not([src])')
            .length,
        handlers: document.querySelectorAll('[onerror], [onload], [style*="url"]').length,
        hidden: /[\u0000-\u0008\u000e-\u001f\u202a-\u202e\u2066-\u2069\u200b\u{e0000}-\u{e007f}]/u.test(
            text,
        ),
        shown: text.includes('<img src=x onerror='),
    };
}

async function eachView(page) {
    for (const view of [...views, 'alert']) {
        await page.evaluate((v) => {
            location.hash =
                v === 'alert'
                    ? `#/alert/${encodeURIComponent('ai_system <img src=x onerror="window.hacked=1">')}`
                    : `#/${v}`;
        }, view);
        await sleep(300);
        const seen = await page.evaluate(look);
        is(
            JSON.stringify({...seen, shown: seen.shown || view === 'time'}),
            JSON.stringify({images: 0, handlers: 0, hidden: false, shown: true}),
            `${view}: text, and only text`,
        );
        is(
            await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
            true,
            `${view}: long words do not widen the page`,
        );
    }
}

/* What is offered for the inventory is an inventory, whoever chose the names in it. */
async function snippets(page) {
    await page.evaluate(() => {
        location.hash = '#/discovered';
    });
    for (const kind of ['asset', 'ai']) {
        const n = await page.locator('.snippet').count();
        for (let i = 0; i < n; i++) {
            await page.locator('.card select').nth(i).selectOption(kind);
            const text = await page.locator('.snippet').nth(i).textContent();
            const file = join(work, `snippet-${kind}-${i}.yaml`);
            writeFileSync(file, `inventory: 1\n${text}`);
            let said = '';
            try {
                execFileSync(process.env.TIERWATCH, ['inventory', 'check', file], {stdio: 'pipe'});
            } catch (error) {
                said = `${error.stderr}${error.stdout}\n${text}`;
            }
            is(
                said,
                '',
                `what is offered as ${kind} for system ${i} passes tierwatch inventory check`,
            );
        }
        ok(n > 0, 'there is something to register');
    }
}

await run(async () => {
    const broker = await Broker.start();
    const page = await openPage(`http://127.0.0.1:${broker.web}/`);
    const fetched = [];
    page.on('request', (r) => fetched.push(r.url()));
    await logIn(page);
    const gateway = new Gateway(broker, markup.replaceAll('/', ''), 'gw\u202e-1');
    await send(gateway);
    const plain = new Gateway(broker);
    await plain.sendAlert({
        id: 'plain',
        actor: {
            id: null,
            kind: 'unregistered',
            ip: '192.0.2.9',
            mac: '02:00:00:00:00:09',
            client_id: 'no',
            identity: 'unregistered',
        },
    });
    await until(async () => /^4 of 4/.test(await page.textContent('.shown')));
    is(
        await page.textContent('.shown'),
        '4 of 4 alerts  ·  not understood: 6',
        'alerts are shown, and the rest is counted',
    );
    await eachView(page);
    await page.locator('summary').click();
    ok(
        (await page.textContent('.detail pre')).includes('"summary": "<img'),
        'the alert as it was sent is text as well',
    );
    await snippets(page);
    is(
        fetched.filter((url) => !url.startsWith('ws://127.0.0.1:')).join('\n'),
        '',
        'nothing was fetched',
    );
    is(page.said.join('\n'), '', 'the console has no complaint');
    const blocked = await page.evaluate(async () => {
        try {
            document.body.innerHTML = '<b>x</b>';
            return 'markup was taken';
        } catch {
            /* as it should be */
        }
        return fetch('/').then(
            () => 'fetched',
            () => 'blocked',
        );
    });
    is(blocked, 'blocked', 'the content policy stands behind it');
}, 90);
