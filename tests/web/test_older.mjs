/* A broker that knows MQTT 3.1.1 only and does not grant everything: what it does grant is shown. */

import {createServer} from 'node:http';
import mqttPacket from 'mqtt-packet';
import {WebSocketServer} from 'ws';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {dashboard, freePort, is, like, openPage, run, work} from './lib.mjs';

const [alert] = readFileSync(join(work, 'plant.jsonl'), 'utf8').split('\n');
const seen = [];

function answer(packet, send) {
    if (packet.cmd === 'connect') {
        seen.push(packet.protocolVersion);
        /* [MQTT3 3.2.2.3]: 1, unacceptable protocol version */
        send({
            cmd: 'connack',
            returnCode: packet.protocolVersion === 4 ? 0 : 1,
            sessionPresent: false,
        });
    } else if (packet.cmd === 'subscribe') {
        const granted = packet.subscriptions.map(({topic}) =>
            topic.endsWith('/stats') ? 0x80 : 1,
        );
        send({cmd: 'suback', messageId: packet.messageId, granted});
        send({
            cmd: 'publish',
            topic: 'tierwatch/1/lindholt/gw-1/alert/high/none/CRY-01',
            payload: alert,
            qos: 1,
            messageId: 7,
        });
    } else if (packet.cmd === 'puback') {
        seen.push(`acknowledged ${packet.messageId}`);
    } else if (packet.cmd === 'pingreq') {
        send({cmd: 'pingresp'});
    }
}

await run(async () => {
    const port = await freePort();
    const http = createServer().listen(port, '127.0.0.1');
    const server = new WebSocketServer({server: http, handleProtocols: () => 'mqtt'});
    server.on('connection', (socket) => {
        const parser = mqttPacket.parser();
        parser.on('packet', (packet) => answer(packet, (p) => socket.send(mqttPacket.generate(p))));
        socket.on('message', (data) => parser.parse(data));
    });
    const page = await openPage(pathToFileURL(join(dashboard, 'tierwatch.html')).href);
    page.mayFail = true;
    await page.fill('input[name=url]', `ws://127.0.0.1:${port}/mqtt`);
    await page.click('dialog.source button[type=submit]');
    await page.waitForSelector('.list .row');
    is(
        await page.textContent('.list .row .summary'),
        JSON.parse(alert).summary,
        'alerts come by MQTT 3.1.1',
    );
    is(seen.join(', '), '5, 4, acknowledged 7', 'after MQTT 5 was refused, and are acknowledged');
    like(
        await page.textContent('.shown'),
        /does not grant tierwatch\/1\/\+\/\+\/stats/,
        'what is not granted is said',
    );
});
