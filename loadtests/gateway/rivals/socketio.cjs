// node socketio.cjs PORT REDIS_URL: a Socket.IO server with the Redis adapter; a socket joins the room its query names.

const { createServer } = require("node:http");
const { createAdapter } = require("@socket.io/redis-adapter");
const { createClient } = require("redis");
const { Server } = require("socket.io");

const [port, url] = process.argv.slice(2);
const where = new URL(url);
const options = where.protocol === "unix:" ? { socket: { path: where.pathname } } : { url };

(async () => {
  const publisher = createClient(options);
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  const web = createServer((_, answer) => answer.writeHead(404).end());
  const io = new Server(web, {
    adapter: createAdapter(publisher, subscriber), transports: ["websocket"], pingInterval: 15_000, pingTimeout: 15_000,
  });
  io.on("connection", (socket) => socket.join(socket.handshake.query.room));
  web.listen({ port: Number(port), host: "127.0.0.1", backlog: 1024 });
})();
