// The opening of an SSH connection as it looks on the wire: version lines, key exchange offers, then
// data that nobody outside can read. There is no shell behind it.
import net from "node:net";
import { randomBytes } from "node:crypto";

const PORT = 22;
const KEXINIT = 20;
const offers = [
  "curve25519-sha256,ecdh-sha2-nistp256", "ssh-ed25519,rsa-sha2-512", "aes256-gcm@openssh.com,aes128-ctr",
  "aes256-gcm@openssh.com,aes128-ctr", "hmac-sha2-256", "hmac-sha2-256", "none", "none", "", "",
];

/** An unencrypted SSH binary packet (RFC 4253, section 6). */
function packet(payload) {
  const padding = 8 - ((payload.length + 5) % 8) + 4;
  const head = Buffer.alloc(5);
  head.writeUInt32BE(payload.length + padding + 1);
  head[4] = padding;
  return Buffer.concat([head, payload, randomBytes(padding)]);
}

function keyExchangeInit() {
  const lists = offers.flatMap((offer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(offer.length);
    return [length, Buffer.from(offer)];
  });
  return packet(Buffer.concat([Buffer.from([KEXINIT]), randomBytes(16), ...lists, Buffer.alloc(5)]));
}

export function serveSsh() {
  const server = net.createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.write("SSH-2.0-OpenSSH_9.2p1\r\n");
    socket.once("data", () => {
      socket.write(keyExchangeInit());
      socket.on("data", () => socket.write(randomBytes(96)));
    });
  });
  server.listen(PORT);
  server.unref();
}

export function openSsh(address) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(PORT, address);
    let answers = 0;
    socket.on("error", reject);
    socket.on("close", resolve);
    socket.on("data", () => {
      answers++;
      if (answers === 1) {
        socket.write("SSH-2.0-OpenSSH_9.2p1\r\n");
        setTimeout(() => socket.write(keyExchangeInit()), 20);
      } else if (answers < 8) setTimeout(() => socket.write(randomBytes(64)), 100);
      else socket.end();
    });
  });
}
