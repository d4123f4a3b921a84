/* TLS, and a certificate instead of a password. The page is opened as a file: a browser speaks HTTP/2 with
 * mosquitto 2.0 over TLS, which then serves no files. */

import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {Broker, dashboard, Gateway, is, like, ok, openPage, run, sleep} from './lib.mjs';

async function connect(page, broker) {
    await page.fill('input[name=url]', `wss://127.0.0.1:${broker.web}/mqtt`);
    await page.click('dialog.source button[type=submit]');
}

await run(async () => {
    const broker = await Broker.start({tls: true});
    const file = pathToFileURL(join(dashboard, 'tierwatch.html')).href;
    const page = await openPage(file, {
        ignoreHTTPSErrors: true,
        clientCertificates: [
            {origin: `https://127.0.0.1:${broker.web}`, ...broker.certificates('team')},
        ],
    });
    await connect(page, broker);
    await page.waitForSelector('.link.online');
    is(
        await page.textContent('.link small'),
        `127.0.0.1:${broker.web}`,
        'with a certificate it is live, and no password is asked for',
    );
    await new Gateway(broker).sendAlert({summary: 'over TLS'});
    await page.waitForSelector('.row:has-text("over TLS")');
    ok(true, 'alerts arrive');
    is(page.said.join('\n'), '', 'the console has no complaint');

    const other = await openPage(file, {ignoreHTTPSErrors: true});
    other.mayFail = true;
    await connect(other, broker);
    await sleep(1500);
    like(
        await other.getAttribute('.link', 'class'),
        /waiting|connecting/,
        'who has none does not get in',
    );
});
