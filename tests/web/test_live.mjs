/* A page that is kept open: alerts arrive within a second, a broker that goes and comes back loses and
 * doubles nothing, a viewer can only look. */

import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {spawn} from 'node:child_process';
import mqtt from 'mqtt';
import {
    Broker,
    Gateway,
    is,
    like,
    logIn,
    ok,
    openPage,
    root,
    run,
    sleep,
    until,
    work,
} from './lib.mjs';

const shown = (page) => page.textContent('.shown');

async function arrival(page, gateway) {
    const times = [];
    for (let i = 0; i < 10; i++) {
        const text = `arrives as number ${i}`;
        const began = performance.now();
        await gateway.sendAlert({summary: text});
        await page.waitForFunction(
            (t) => document.querySelector('.list')?.textContent.includes(t),
            text,
            {polling: 'raf'},
        );
        times.push(Math.round(performance.now() - began));
        await sleep(150 * (i % 3));
    }
    console.log(`# published to shown, in ms: ${times.join(' ')}`);
    ok(Math.max(...times) <= 1000, 'each of ten alerts is shown within a second', times.join(' '));
}

async function updates(page, gateway) {
    const a = gateway.alert({summary: 'comes again'});
    await gateway.publish('alert/high/T2/CMD-01', a);
    await page.waitForSelector('text=comes again');
    const before = await shown(page);
    for (const count of [4, 4, 9])
        await gateway.publish('alert/high/T2/CMD-01', {
            ...a,
            count,
            last_ts: new Date().toISOString(),
            seq: ++gateway.seq,
        });
    await page.waitForSelector('.row:has-text("comes again") .count:has-text("×9")');
    is(await shown(page), before, 'updates of an alert are one row with the last count');
}

/* 300 alerts, the broker away in the middle of them; the gateway keeps what is not acknowledged. */
async function restart(page, broker) {
    const gateway = new Gateway(broker, 'works', 'gw-2');
    page.mayFail = true;
    const before = Number(/of ([\d,]+)/.exec(await shown(page))[1].replace(',', ''));
    const sent = [];
    for (let i = 0; i < 300; i++) {
        sent.push(gateway.sendAlert({id: `r-${i}`, summary: `over a restart ${i}`}));
        if (i === 100) await broker.stop();
        if (i === 200) {
            ok(
                await page.waitForSelector('.link.waiting'),
                'the page says that the broker is away',
            );
            await broker.up();
        }
        await sleep(4);
    }
    await Promise.all(sent);
    await page.waitForSelector('.link.online');
    const all = before + 300;
    await until(async () => (await shown(page)).startsWith(`${all} of`));
    is(
        await shown(page),
        `${all} of ${all} alerts`,
        '300 alerts over a restart of the broker: none lost, none twice',
    );
    page.mayFail = false;
}

/* A page that was scrolled down stays where it is, whatever arrives above. */
async function reading(page, gateway) {
    await page.evaluate(() => document.querySelector('.list').scrollTo(0, 1000));
    await sleep(200);
    const where = () =>
        page.evaluate(() => {
            const list = document.querySelector('.list').getBoundingClientRect();
            const row = document.elementFromPoint(list.x + 300, list.y + 30).closest('.row');
            return row.querySelector('.summary').textContent;
        });
    const before = await where();
    for (let i = 0; i < 3; i++) await gateway.sendAlert({summary: `above ${i}`});
    await page.evaluate(() => document.querySelector('.list').scrollTop);
    await sleep(500);
    is(await where(), before, 'who reads further down goes on reading there');
    await page.evaluate(() => document.querySelector('.list').scrollTo(0, 0));
    await page.waitForSelector('text=above 2');
}

/* A second tab begins as a copy of the first, its client id with it. */
async function secondTab(page, gateway) {
    const opened = page.context().waitForEvent('page');
    await page.evaluate(() => {
        window.open(location.href);
    });
    const second = await opened;
    await logIn(second);
    await sleep(500);
    await gateway.sendAlert({summary: 'for both tabs'});
    await second.waitForSelector('text=for both tabs');
    await page.waitForSelector('text=for both tabs');
    await sleep(1500);
    is(
        `${await page.getAttribute('.link', 'class')} ${await second.getAttribute('.link', 'class')}`,
        'link online link online',
        'two tabs do not take the session from each other',
    );
    await second.close();
}

async function viewer(broker) {
    const client = mqtt.connect(`ws://127.0.0.1:${broker.web}/mqtt`, {
        protocolVersion: 5,
        username: 'team',
        password: 'secret-team',
        reconnectPeriod: 0,
    });
    await new Promise((done) => {
        client.on('connect', done);
    });
    const code = await client
        .publishAsync('tierwatch/1/works/gw-1/state', '{"state":"online"}', {qos: 1})
        .then(
            () => 0,
            (error) => error.code,
        );
    is(code, 0x87, 'a viewer that publishes is told that it is not authorized');
    await client.endAsync(true);
}

/* The real program, as a replay that publishes. */
async function replay(page, broker) {
    const secret = join(work, 'secret-gw');
    const config = join(work, 'replay.yaml');
    const {writeFileSync} = await import('node:fs');
    writeFileSync(secret, 'secret-gw\n', {mode: 0o600});
    writeFileSync(
        config,
        `site: lindholt\ngateway: gw-1\nbroker: {host: 127.0.0.1, port: ${broker.port}, user: gw, password_file: ${secret}}\n`,
    );
    const captures = join(root, 'tests/lab/captures');
    const child = spawn(
        process.env.TIERWATCH,
        [
            'replay',
            '-q',
            '-c',
            config,
            '--inventory',
            join(captures, 'inventory.yaml'),
            '--rules',
            join(root, 'rules'),
            '--publish',
            '--alerts',
            '/dev/null',
            join(captures, 'plant.pcap'),
        ],
        {stdio: 'inherit'},
    );
    is(
        await new Promise((done) => {
            child.on('exit', done);
        }),
        0,
        'a replay publishes',
    );
    const lines = readFileSync(join(work, 'plant.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((l) => JSON.parse(l));
    const newest = new Map(lines.map((a) => [a.id, a]));
    await until(async () => (await shown(page)).startsWith(`${newest.size} of ${newest.size}`));
    is(await shown(page), `${newest.size} of ${newest.size} alerts`, 'all its alerts are there');
    await page.setViewportSize({width: 1280, height: 8000});
    await sleep(300);
    const got = await page.$$eval('.list .row .summary', (rows) =>
        rows
            .map((r) => r.textContent)
            .sort()
            .join('\n'),
    );
    is(
        got,
        [...newest.values()]
            .map((a) => a.summary.slice(0, 300))
            .sort()
            .join('\n'),
        'each with its summary',
    );
}

await run(async () => {
    const broker = await Broker.start();
    const page = await openPage(`http://127.0.0.1:${broker.web}/`);
    like(
        await page.textContent('.said.warning'),
        /not be used: .*[Nn]ot authori[sz]ed/,
        'a broker that refuses is quoted',
    );
    await logIn(page);
    ok(await page.isHidden('dialog.source'), 'with user and password it is live');
    const gateway = new Gateway(broker);
    await arrival(page, gateway);
    await updates(page, gateway);
    await restart(page, broker);
    await reading(page, gateway);
    await secondTab(page, gateway);
    await viewer(broker);
    is(page.said.join('\n'), '', 'the console has no complaint');
    is(
        await page.evaluate(() =>
            JSON.stringify({...localStorage, ...sessionStorage}).includes('secret'),
        ),
        false,
        'the password is kept nowhere',
    );

    const before = await shown(page);
    await sleep(1100);
    await page.reload();
    await page.waitForSelector('dialog.source[open]');
    like(
        await shown(page),
        /^0 of 0/,
        'loaded again, it shows nothing before the broker has let the user in',
    );
    await gateway.sendAlert({summary: 'while it was loaded'});
    await logIn(page);
    await page.waitForSelector('text=while it was loaded');
    const n = Number(/^\d+/.exec(before)[0]) + 1;
    await until(async () => (await shown(page)).startsWith(`${n} of`));
    is(await shown(page), `${n} of ${n} alerts`, 'then all that it had, and what came meanwhile');
    await page.click('.link');
    await page.click('text=Forget all');
    await page.reload();
    await logIn(page);
    await sleep(500);
    is(await shown(page), '0 of 0 alerts', 'unless it was told to forget');

    const second = await openPage(`http://127.0.0.1:${broker.web}/`);
    await logIn(second, 'team', 'tierwatch-replay/1');
    await replay(second, broker);
    is(second.said.join('\n'), '', 'nor with a replay');
});
