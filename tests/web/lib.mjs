/* For the tests of the dashboard: TAP, a browser, a broker with users and access lists. */

import {execFileSync, spawn} from 'node:child_process';
import {mkdtempSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {connect as tcp} from 'node:net';
import {join} from 'node:path';
import {chromium} from 'playwright-core';
import mqtt from 'mqtt';

export const work = process.env.WORK;
export const root = new URL('../..', import.meta.url).pathname;
export const dashboard = join(root, 'build/dashboard');
const drawnWithin = 120; /* ms: the page paints at most ten times a second */
const ends = [];
let failed = false;

export function ok(good, name, ...detail) {
    console.log(`${good ? 'ok' : 'not ok'} - ${name}`);
    if (!good) {
        failed = true;
        detail.forEach((d) =>
            console.log(`# ${String(d).slice(0, 1500).replaceAll('\n', '\n# ')}`),
        );
    }
}
export const is = (got, want, name) => ok(got === want, name, `got:    ${got}`, `wanted: ${want}`);
export const like = (got, want, name) =>
    ok(want.test(got), name, `got:    ${got}`, `wanted: ${want}`);
export const sleep = (ms) =>
    new Promise((done) => {
        setTimeout(done, ms);
    });

export async function until(what, ms = 10000) {
    const end = Date.now() + ms;
    for (;;) {
        const got = await what();
        if (got || Date.now() > end) return got;
        await sleep(20);
    }
}

/* Run a test file; whatever happens, it ends and nothing of it is left behind. */
export async function run(test, seconds = 120) {
    const late = sleep(seconds * 1000).then(() => {
        throw new Error(`not done after ${seconds} s`);
    });
    try {
        await Promise.race([test(), late]);
    } catch (error) {
        ok(false, 'the test comes to its end', error.stack);
    }
    for (const end of ends.reverse()) await Promise.race([end().catch(() => {}), sleep(5000)]);
    process.exit(failed ? 1 : 0);
}

export function freePort() {
    return new Promise((done) => {
        const server = createServer().listen(0, '127.0.0.1', () => {
            const {port} = server.address();
            server.close(() => done(port));
        });
    });
}

const isOpen = (port) =>
    new Promise((done) => {
        const socket = tcp(port, '127.0.0.1', () => {
            socket.destroy();
            done(true);
        });
        socket.on('error', () => done(false));
    });

export async function stop(child, signal = 'SIGTERM') {
    const gone = new Promise((done) => {
        child.once('exit', done);
    });
    if (child.exitCode === null && child.signalCode === null && child.kill(signal)) await gone;
}

export function program(command, args, options = {}) {
    const child = spawn(command, args, {stdio: 'ignore', ...options});
    ends.push(() => stop(child));
    return child;
}

/* An authority, a broker that is 127.0.0.1, a member of the team. */
function certificates(folder) {
    const openssl = (...args) => execFileSync('openssl', args, {cwd: folder, stdio: 'pipe'});
    const key = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
    openssl(
        'req',
        '-x509',
        ...key,
        '-subj',
        '/CN=test authority',
        '-keyout',
        'ca.key',
        '-out',
        'ca.pem',
    );
    for (const [name, subject, extension] of [
        ['broker', '/CN=127.0.0.1', 'subjectAltName=IP:127.0.0.1'],
        ['team', '/CN=team', 'extendedKeyUsage=clientAuth'],
    ]) {
        openssl(
            'req',
            ...key.slice(0, 3),
            '-subj',
            subject,
            '-keyout',
            `${name}.key`,
            '-out',
            `${name}.csr`,
        );
        writeFileSync(join(folder, 'extension'), extension);
        openssl(
            'x509',
            '-req',
            '-days',
            '2',
            '-in',
            `${name}.csr`,
            '-CA',
            'ca.pem',
            '-CAkey',
            'ca.key',
            '-CAcreateserial',
            '-extfile',
            'extension',
            '-out',
            `${name}.pem`,
        );
    }
    return (name) => ({
        certPath: join(folder, `${name}.pem`),
        keyPath: join(folder, `${name}.key`),
    });
}

/* mosquitto as a plant would have it: a gateway that writes, a team that reads; alerts survive a
 * restart; the page and its WebSocket on one port. */
export class Broker {
    /* `tls`: the page and its WebSocket for those only who show a certificate; their name in it is their user. */
    static async start({tls = false} = {}) {
        const b = new Broker();
        b.folder = mkdtempSync(join(work, 'broker-'));
        b.port = await freePort();
        b.web = await freePort();
        const file = (name, text) => {
            writeFileSync(join(b.folder, name), text, {mode: 0o600});
            return join(b.folder, name);
        };
        const passwords = file('passwords', 'gw:secret-gw\nteam:secret-team\n');
        await new Promise((done) => {
            spawn('mosquitto_passwd', ['-U', passwords]).on('exit', done);
        });
        const access = file(
            'access',
            [
                'user gw',
                'topic readwrite tierwatch/#',
                'topic readwrite tierwatch-replay/#',
                'user team',
                'topic read tierwatch/#',
                'topic read tierwatch-replay/#',
                '',
            ].join('\n'),
        );
        b.certificates = tls ? certificates(b.folder) : null;
        const users = tls
            ? [`password_file ${passwords}`, `acl_file ${access}`, 'allow_anonymous false']
            : [];
        const shown = tls
            ? [
                  `cafile ${b.folder}/ca.pem`,
                  `certfile ${b.folder}/broker.pem`,
                  `keyfile ${b.folder}/broker.key`,
                  'require_certificate true',
                  'use_identity_as_username true',
                  `acl_file ${access}`,
              ]
            : [];
        b.config = file(
            'mosquitto.conf',
            [
                ...(tls
                    ? ['per_listener_settings true']
                    : [
                          `password_file ${passwords}`,
                          `acl_file ${access}`,
                          'allow_anonymous false',
                      ]),
                'max_queued_messages 0',
                'persistence true',
                `persistence_location ${b.folder}/`,
                `log_dest file ${b.folder}/log`,
                `listener ${b.port} 127.0.0.1`,
                ...users,
                `listener ${b.web} 127.0.0.1`,
                'protocol websockets',
                'socket_domain ipv4',
                `http_dir ${dashboard}`,
                ...shown,
                ...(process.getuid() === 0 ? ['user root'] : []),
                '',
            ].join('\n'),
        );
        ends.push(() => b.stop());
        await b.up();
        return b;
    }

    async up() {
        this.child = spawn('mosquitto', ['-c', this.config], {
            stdio: 'ignore',
            env: {...process.env, PATH: `${process.env.PATH}:/usr/sbin`},
        });
        ok(
            (await until(() => isOpen(this.port))) && (await until(() => isOpen(this.web))),
            'the broker starts',
        );
    }

    async stop(signal) {
        await stop(this.child, signal);
    }

    client(user, options = {}) {
        const client = mqtt.connect(`mqtt://127.0.0.1:${this.port}`, {
            protocolVersion: 5,
            username: user,
            password: `secret-${user}`,
            ...options,
        });
        client.on('error', () => {});
        ends.push(() => client.endAsync(true));
        return client;
    }
}

/* The gateway of tests: publishes what it is told to. */
export class Gateway {
    constructor(broker, site = 'works', name = 'gw-1') {
        this.path = `tierwatch/1/${site}/${name}`;
        [this.site, this.name, this.seq] = [site, name, 0];
        this.client = broker.client('gw', {
            clientId: `test-${site}-${name}`,
            clean: false,
            properties: {sessionExpiryInterval: 600},
            reconnectPeriod: 200,
        });
    }

    publish(topic, payload, options = {}) {
        return this.client.publishAsync(
            `${this.path}/${topic}`,
            typeof payload === 'string' ? payload : JSON.stringify(payload),
            {qos: 1, ...options},
        );
    }

    /* An alert like those of tierwatch; `part` replaces members of it. */
    alert(part = {}) {
        const seq = ++this.seq;
        const ts = new Date().toISOString().replace('Z', '000Z');
        return {
            schema: 'tierwatch.alert/1',
            id: `00000000-0000-5000-8000-${String(seq).padStart(12, '0')}`,
            ts,
            site: this.site,
            gateway: this.name,
            severity: 'high',
            score: 73,
            tier: 'T2',
            rule: {id: 'CMD-01', name: 'Command outside its engineering range', rev: 1},
            family: 'CMD',
            actor: {id: 'optimiser', kind: 'ai_system', ip: '10.0.0.5', identity: 'registered'},
            target: {
                asset: 'plc-1',
                ip: '10.0.0.10',
                object: 'ns=2;s=Boiler',
                variable: 'boiler.setpoint',
            },
            summary: `alert number ${seq}`,
            observed: 131,
            expected: {range: [20, 90]},
            why: [
                {rule: 'CMD-01', evidence: 'D', strength: 1, severity: 60, p: 0.57},
                {tier: 'T2', factor: 1},
                {asset: 'essential', factor: 2},
                {floor: 60},
            ],
            evidence: {
                packets: [seq],
                flow: '9f3c02d41b7a66e0',
                tuple: '10.0.0.5:51122>10.0.0.10:4840/tcp',
            },
            count: 1,
            first_ts: ts,
            last_ts: ts,
            risk: 74,
            coverage: {readable: 100},
            ruleset: 'sha256:aa',
            inventory: 'sha256:bb',
            engine: '1.0.0',
            ndpi: '4.2.0',
            tags: ['attack.ics.T0836'],
            tlp: 'amber',
            advice: 'Compare with the batch order.',
            boot: 'b1',
            seq,
            ...part,
        };
    }

    sendAlert(part) {
        const a = this.alert(part);
        return this.publish(
            `alert/${a.severity}/${a.tier ?? 'none'}/${a.rule.id.replace(/[^\w-]/g, '_').slice(0, 40)}`,
            a,
        );
    }
}

let browser;
/* A page of a context of its own; what its console says is in page.said, but for connections that
 * fail while page.mayFail. */
/* The page draws what follows from a key or a click a moment later: tests look after that. */
function waitAfter(page, input, name) {
    const act = input[name].bind(input);
    input[name] = async (...args) => {
        await act(...args);
        await page.waitForTimeout(drawnWithin);
    };
}

export async function openPage(url, options = {}) {
    if (browser === undefined) {
        browser = await chromium.launch({
            executablePath: '/usr/bin/chromium',
            args: [
                '--disable-gpu',
                '--enable-precise-memory-info',
                ...(process.getuid() === 0 ? ['--no-sandbox'] : []),
            ],
        });
        ends.push(() => browser.close());
    }
    const context = await browser.newContext({
        viewport: {width: 1280, height: 800},
        locale: 'en',
        ...options,
    });
    const page = await context.newPage();
    page.said = [];
    page.on('console', (m) => {
        if (
            ['error', 'warning'].includes(m.type()) &&
            !(page.mayFail && /^WebSocket (connection|is already in)/.test(m.text()))
        )
            page.said.push(m.text());
    });
    page.on('pageerror', (e) => page.said.push(e.stack));
    waitAfter(page, page, 'click');
    waitAfter(page, page.keyboard, 'press');
    await page.goto(url);
    return page;
}

export async function logIn(page, user = 'team', topics = 'tierwatch/1') {
    await page.waitForSelector('dialog.source[open]');
    await page.fill('input[name=user]', user);
    await page.fill('input[name=password]', `secret-${user}`);
    await page.fill('input[name=root]', topics);
    await page.click('dialog.source button[type=submit]');
    await page.waitForSelector('.link.online');
}
