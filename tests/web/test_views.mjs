/* The views, as somebody uses them: with keys, in both languages, light and dark, on a wall and on a
 * phone; a gateway that dies shows; a screen reader finds its way (axe-core). */

import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {
    Broker,
    dashboard,
    is,
    like,
    logIn,
    ok,
    openPage,
    program,
    root,
    run,
    sleep,
    stop,
    until,
    work,
} from './lib.mjs';

const axe = readFileSync(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const file = pathToFileURL(join(dashboard, 'tierwatch.html')).href;
const alerts = readFileSync(join(work, 'plant.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((l) => JSON.parse(l));
const newest = [...new Map(alerts.map((a) => [a.id, a])).values()];
const pictures = process.env.PICTURES;

const focused = (page) =>
    page.evaluate(
        () =>
            document.activeElement?.querySelector('.summary')?.textContent ??
            document.activeElement?.textContent,
    );
const go = async (page, view) => {
    await page.evaluate((v) => {
        location.hash = `#/${v}`;
    }, view);
    await sleep(150);
};

async function openFile(options) {
    const page = await openPage(file, options);
    await page.setInputFiles('input[type=file]', join(work, 'plant.jsonl'));
    await page.waitForSelector('.link.file');
    return page;
}

/* Violations that a person would stumble over. The policy lets no script in, so axe comes with the page. */
async function serious(page) {
    await page.evaluate(axe);
    const {violations} = await page.evaluate(() => window.axe.run({resultTypes: ['violations']}));
    return violations
        .filter((v) => ['serious', 'critical'].includes(v.impact))
        .map(
            (v) =>
                `${v.id}: ${v.nodes
                    .slice(0, 3)
                    .map((n) => `${n.html.slice(0, 120)} ${n.failureSummary}`)
                    .join(' | ')}`,
        )
        .join('\n');
}

async function keys(page) {
    await page.keyboard.press('j');
    const first = await focused(page);
    await page.keyboard.press('j');
    const second = await focused(page);
    const sorted = newest
        .map((a) => [Date.parse(a.last_ts), a.score, a.summary])
        .sort((a, b) => b[0] - a[0] || b[1] - a[1]);
    is(
        `${first}\n${second}`,
        `${sorted[0][2]}\n${sorted[1][2]}`,
        'j moves through the list, newest first',
    );
    await page.keyboard.press('Enter');
    await page.waitForSelector('.detail h2:focus');
    is(await focused(page), second, 'enter opens the alert, and its title has the focus');
    await page.keyboard.press('k');
    await until(async () => (await page.textContent('.detail h2')) === first);
    is(
        await page.textContent('.detail h2'),
        first,
        'k goes back, and the alert beside the list follows',
    );
    await page.keyboard.press('Escape');
    ok(await until(() => page.isHidden('.detail')), 'escape closes it');
    await until(async () => (await focused(page)) === first);
    is(await focused(page), first, 'and the row has the focus again');
    await page.keyboard.press('a');
    await until(async () => (await page.textContent('.shown')).startsWith(`${newest.length - 1} `));
    is(
        await page.textContent('.shown'),
        `${newest.length - 1} of ${newest.length} alerts`,
        'a acknowledges',
    );
    await page.keyboard.press('/');
    await page.keyboard.type('CMD-01');
    const commands = newest.filter((a) => a.rule.id === 'CMD-01').length;
    await until(async () => (await page.textContent('.shown')).startsWith(`${commands} `));
    is(await page.textContent('.shown'), `${commands} of ${newest.length} alerts`, 'text filters as it is typed');
    await page.keyboard.press('Escape');
    await until(async () => (await page.textContent('.shown')).startsWith(`${newest.length - 1} `));
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.detail:visible');
    await page.keyboard.press('n');
    await page.waitForSelector('textarea:focus');
    await page.keyboard.type('called the shift');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    ok(
        (await page.textContent('.list')).includes('called the shift'),
        'a note is beside its alert',
    );
    await page.reload();
    await page.setInputFiles('input[type=file]', join(work, 'plant.jsonl'));
    await page.waitForSelector('.link.file');
    is(
        await page.textContent('.shown'),
        `${newest.length - 1} of ${newest.length} alerts`,
        'what was acknowledged is kept',
    );
    await page.fill('.search', 'called the shift');
    is(
        await page.textContent('.shown'),
        `1 of ${newest.length} alerts`,
        'so is the note, which can be found',
    );
    await page.fill('.search', '');
    await page.click('.chip:has-text("Critical")');
    like(
        await page.textContent('.shown'),
        new RegExp(`^${newest.filter((a) => a.severity === 'critical').length} of`),
        'severities filter',
    );
    await page.click('text=Clear filters');
}

/* Tab comes in and goes out again, both ways. */
async function noTrap(page) {
    await page.locator('.inbox .choice select').last().focus();
    const within = () =>
        page.evaluate(() => document.querySelector('.list').contains(document.activeElement));
    await page.keyboard.press('Tab');
    if (!(await within())) await page.keyboard.press('Tab');
    ok(await within(), 'tab comes into the list');
    for (let i = 0; i < 2; i++) await page.keyboard.press('Shift+Tab');
    ok(!(await within()), 'and shift tab leaves it');
}

async function alertView(page) {
    const a = newest.find((x) => x.rule.id === 'CMD-01' && x.observed === 4200);
    await go(page, `alert/${a.id}`);
    const text = await page.textContent('.detail');
    for (const part of [
        a.summary,
        '600 … 1450',
        '4200',
        a.advice,
        a.evidence.sha256,
        a.evidence.packets.join(', '),
        a.evidence.tuple,
        'CMD-01',
        a.rule.name,
        a.tags[0],
        `The points add up to the score of ${a.score}.`,
        'More of pumper',
    ])
        ok(text.includes(part), `the alert shows ${part.slice(0, 50)}`);
    ok(
        text.includes(
            `tshark -r plant.pcap -Y 'frame.number in {${a.evidence.packets.join(',')}}'`,
        ),
        'and how to look at the packets',
    );
    is(
        await page.locator('.history li').count(),
        newest.filter((x) => x.actor.id === 'pumper').length - 1,
        'with the others of its actor',
    );
    await page.click('.history a');
    ok((await page.textContent('.detail h2')) !== a.summary, 'which lead on');
    await page.keyboard.press('Escape');
}

async function systemsAndStrangers(page) {
    await go(page, 'systems');
    const risks = new Map();
    for (const a of newest.filter((x) => x.actor.kind === 'ai_system')) {
        const had = risks.get(a.actor.id);
        if (had === undefined || Date.parse(a.last_ts) >= had.at)
            risks.set(a.actor.id, {at: Date.parse(a.last_ts), risk: a.risk});
    }
    const order = [...risks].sort((a, b) => b[1].risk - a[1].risk || (a[0] < b[0] ? -1 : 1));
    is(
        (await page.$$eval('.card h2', (all) => all.map((h) => h.textContent))).join(' '),
        order.map(([name]) => name).join(' '),
        `AI systems, most risk first: ${order.length}`,
    );
    const card = await page.textContent('.card[aria-label=pumper]');
    const last = newest
        .filter((x) => x.actor.id === 'pumper')
        .sort((x, y) => Date.parse(x.last_ts) - Date.parse(y.last_ts))
        .pop();
    for (const part of [
        'Bounded autonomous actor',
        String(last.risk),
        'urn:lindholt:pumper',
        'plc',
        'broker',
    ])
        ok(card.includes(part), `with ${part}`);
    like(
        await page.getAttribute('.card[aria-label=pumper] .line', 'aria-label'),
        /between \d+ and \d+/,
        'the line of its risk has words',
    );
    await page.click('.card[aria-label=pumper] footer button');
    like(await page.textContent('.shown'), /^1[12] of/, 'and its alerts');
    await go(page, 'discovered');
    like(
        await page.textContent('.snippet'),
        /mac: \["02:77:00:00:00:99"\]/,
        'a system that is not registered, with lines for the inventory',
    );
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.click('.card button:has-text("Copy")');
    await page.waitForSelector('text=Copied');
}

async function timeView(page) {
    await go(page, 'inbox');
    await page.click('text=Clear filters');
    await page.locator('.choice select').first().selectOption('all');
    await go(page, 'time');
    await page.waitForSelector('.chart canvas');
    const box = await page.locator('.u-over').boundingBox();
    await page.mouse.move(box.x + box.width * 0.25, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 60, {steps: 5});
    await page.mouse.up();
    const from = await page.inputValue('input[name=from]'),
        to = await page.inputValue('input[name=to]');
    ok(from !== '' && to > from, 'a brush over the chart gives a time', from, to);
    await page.click('text=Show them in the inbox');
    const within = newest.filter(
        (a) =>
            Date.parse(a.last_ts) >= new Date(from).getTime() &&
            Date.parse(a.first_ts) <= new Date(to).getTime() + 999,
    );
    const n = Number(/^\d+/.exec(await page.textContent('.shown'))[0]);
    ok(
        n > 0 && n < newest.length && Math.abs(n - within.length) <= 3,
        'and the inbox shows that time',
        n,
        within.length,
    );
    await page.click('text=Clear filters');
    await go(page, 'time');
    await page.fill('input[name=from]', from);
    await page.fill('input[name=to]', to);
    await page.click('text=Show this time');
    await go(page, 'inbox');
    is(
        await page.textContent('.shown'),
        `${within.length} of ${newest.length} alerts`,
        'so do times that are typed',
    );
    await page.click('text=Clear filters');
    await go(page, 'time');
    const cells = await page.$$eval('.matrix tr:last-child td', (all) =>
        all.map((c) => c.textContent),
    );
    is(cells.pop(), String(newest.length), 'the table has the same alerts');
}

async function looks(page) {
    await page.click('text=中文');
    is(await page.getAttribute('html', 'lang'), 'zh-CN', 'in Chinese');
    await go(page, 'systems');
    ok((await page.textContent('main')).includes('有界自主控制级'), 'with Chinese names of tiers');
    await go(page, 'inbox');
    await page.locator('.inbox .choice select').last().selectOption('score');
    await page.click('.top button:has-text("English")');
    is(
        await page.locator('.inbox .choice select').last().inputValue(),
        'score',
        'what was filtered and ordered stays so',
    );
    for (const [width, height, scheme] of [
        [1280, 800, 'light'],
        [1280, 800, 'dark'],
        [3840, 2160, 'dark'],
        [390, 844, 'light'],
    ]) {
        await page.setViewportSize({width, height});
        await page.emulateMedia({colorScheme: scheme});
        for (const view of [
            'inbox',
            `alert/${newest.find((a) => a.observed === 4200).id}`,
            'systems',
            'discovered',
            'gateways',
            'time',
        ]) {
            await go(page, view);
            const name = `${view.split('/')[0]}, ${width} px, ${scheme}`;
            is(
                await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
                true,
                `${name}: fits`,
            );
            is(await serious(page), '', `${name}: nothing serious for axe-core`);
            if (pictures)
                await page.screenshot({
                    path: join(pictures, `${view.split('/')[0]}-${width}-${scheme}.png`),
                });
        }
    }
    await page.setViewportSize({width: 1280, height: 800});
    await page.click('.link');
    is(await serious(page), '', 'the dialog: nothing serious for axe-core');
    await page.keyboard.press('Escape');
}

/* The real gateway, live: it is there, it is killed, its last will says so. */
async function gateway() {
    const broker = await Broker.start();
    const page = await openPage(`http://127.0.0.1:${broker.web}/#/gateways`);
    await logIn(page);
    const secret = join(work, 'secret-live'),
        config = join(work, 'live.yaml');
    writeFileSync(secret, 'secret-gw\n', {mode: 0o600});
    writeFileSync(
        config,
        `site: lindholt\ngateway: gw-1\nbroker: {host: 127.0.0.1, port: ${broker.port}, user: gw, password_file: ${secret}}\n`,
    );
    const captures = join(root, 'tests/lab/captures');
    const child = program(process.env.TIERWATCH, [
        'run',
        '-q',
        '-c',
        config,
        '--inventory',
        join(captures, 'inventory.yaml'),
        '--rules',
        join(root, 'rules'),
        '--play',
        join(captures, 'normal.pcap'),
    ]);
    await page.waitForSelector('.card:has-text("lindholt/gw-1") .gateway-state.online');
    const card = await page.textContent('.card');
    like(
        card,
        /Online.*Packets received.*Dropped.*0 %.*Rule set.*sha256:/s,
        'a gateway is online, with what it drops and its digests',
    );
    const began = Date.now();
    await stop(child, 'SIGKILL');
    await page.waitForSelector('.gateway-state.offline');
    ok(Date.now() - began < 5000, 'a gateway that was killed is shown offline', Date.now() - began);
    is(await page.textContent('nav a[href="#/gateways"] b'), '1', 'also from other views');
    is(page.said.join('\n'), '', 'the console has no complaint');
}

await run(async () => {
    const page = await openFile();
    await keys(page);
    await noTrap(page);
    await alertView(page);
    await systemsAndStrangers(page);
    await timeView(page);
    await looks(page);
    is(page.said.join('\n'), '', 'the console has no complaint, opened as a file');
    await gateway();
}, 200);
